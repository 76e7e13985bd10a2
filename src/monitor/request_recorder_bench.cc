// What telling of a request costs: the copy into the ring, with the ring taken meanwhile, and the
// line of the log that another thread writes of it. Nanoseconds of a thread's CPU for each, medians
// of rounds.

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "monitor/access_line.h"
#include "monitor/access_log.h"
#include "monitor/request_recorder.h"

namespace slipway::monitor {
namespace {

constexpr int kRounds = 21;
constexpr int kEach = 1'000;  // fewer than the ring holds

double ThreadNanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

telemetry::RequestEvent AnInference(bool is_traced) {
  using std::chrono::microseconds;
  return {.protocol = "v2",
          .route = "infer",
          .pattern = "/v2/models/{model}/infer",
          .method = "POST",
          .path = "/v2/models/mnist/infer",
          .peer = "127.0.0.1:41234",
          .caller = "key",
          .caller_id = "0123abcd",
          .request_id = "c0ffee00-0000-4000-8000-000000000001",
          .traceparent = is_traced ? "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" : "",
          .tracestate = "",
          .model = "mnist",
          .version = 3,
          .code = 200,
          .bytes_in = 12'000,
          .bytes_out = 340,
          .batch_rows = 1,
          .compute = microseconds(30),
          .total = microseconds(90)};
}

template <class Work>
double MedianOf(Work work) {
  std::vector<double> rounds;
  for (int round = 0; round < kRounds; ++round) rounds.push_back(work());
  std::ranges::sort(rounds);
  return rounds[kRounds / 2];
}

double TellingNanoseconds(bool is_traced) {
  const SystemClock clock;
  const auto log = AccessLog::Open({.path = "/dev/null"}).value();
  const telemetry::RequestEvent event = AnInference(is_traced);
  return MedianOf([&] {
    telemetry::TraceSampler sampler(0, false);
    RequestRecorder recorder({}, {log.get()}, sampler, clock);
    const double start = ThreadNanoseconds();
    for (int i = 0; i < kEach; ++i) recorder.OnAnswered(event);
    return (ThreadNanoseconds() - start) / kEach;
  });
}

double LineNanoseconds() {
  KeptRequest request;
  request.Keep(AnInference(false), WallTime());
  return MedianOf([&] {
    std::string text;
    const double start = ThreadNanoseconds();
    for (int i = 0; i < kEach; ++i) {
      text.clear();
      AppendAccessLine(request, text);
    }
    return (ThreadNanoseconds() - start) / kEach;
  });
}

int Run() {
  const OrderedJson report = {{"telling_ns", TellingNanoseconds(false)},
                              {"telling_traced_ns", TellingNanoseconds(true)},
                              {"line_ns", LineNanoseconds()}};
  fmt::print("{}\n", DumpJson(report, 2));
  return 0;
}

}  // namespace
}  // namespace slipway::monitor

int main() { return slipway::monitor::Run(); }
