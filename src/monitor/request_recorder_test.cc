#include "monitor/request_recorder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <semaphore>
#include <string>
#include <vector>

#include "base/fake_clock.h"

namespace slipway::monitor {
namespace {

/// Keeps the codes; stops in Take() while it is told to.
class CodesSink final : public RequestSink {
 public:
  void Take(const KeptRequest& request) override {
    if (holds) {
      holding.release();
      go_on.acquire();
      holds = false;
    }
    codes.push_back(request.code);
  }
  void Flush() override { ++flushes; }

  std::vector<int> codes;
  int flushes = 0;
  bool holds = false;
  std::binary_semaphore holding{0};
  std::binary_semaphore go_on{0};
};

telemetry::RequestEvent WithCode(int code, unsigned loop = 0) {
  return {.protocol = "v2", .route = "infer", .tracestate = "", .code = code, .loop = loop};
}

TEST(RequestRecorder, WhatWasToldIsWithTheSinksWhenItEnds) {
  const FakeClock clock;
  telemetry::TraceSampler sampler(0, false);
  CodesSink one;
  CodesSink other;
  {
    RequestRecorder recorder({.loops = 2}, {&one, &other}, sampler, clock);
    for (int code = 0; code < 500; ++code) recorder.OnAnswered(WithCode(code, 1));
  }
  ASSERT_EQ(one.codes.size(), 500U);
  EXPECT_EQ(one.codes.back(), 499);
  EXPECT_EQ(other.codes, one.codes);
  EXPECT_GE(one.flushes, 1);
}

TEST(RequestRecorder, ASinkThatStandsStillCostsLinesAndNoRequests) {
  const FakeClock clock;
  telemetry::TraceSampler sampler(0, false);
  CodesSink sink;
  sink.holds = true;
  std::uint64_t lost = 0;
  {
    RequestRecorder recorder({.loops = 1, .ring_requests = 4}, {&sink}, sampler, clock);
    recorder.OnAnswered(WithCode(0));
    sink.holding.acquire();
    for (int code = 1; code < 20; ++code) recorder.OnAnswered(WithCode(code));
    lost = recorder.lost();
    sink.go_on.release();
  }
  EXPECT_GE(lost, 15U);
  EXPECT_EQ(sink.codes.size() + lost, 20U);
}

}  // namespace
}  // namespace slipway::monitor
