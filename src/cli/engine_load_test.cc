#include "cli/engine_load.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

namespace slipway::cli {
namespace {

using std::chrono::milliseconds;

/// Counts its runs; fails from a given one on.
class CountingExecutable final : public engine::Executable {
 public:
  explicit CountingExecutable(std::uint64_t fails_at = UINT64_MAX) : fails_at_(fails_at) {
    signature_.outputs.push_back({.name = "y", .dtype = DType::kF32, .shape = {1}});
  }

  const Signature& signature() const override { return signature_; }
  Status Run(std::span<const TensorView>, std::span<const std::size_t> wanted,
             std::span<TensorBuffer> outputs, const engine::RunLimits&) const override {
    if (++runs_ >= fails_at_) return Internal("out of order");
    return wanted.size() == 1 && outputs.size() == 1 ? Status() : Internal("not every output");
  }
  std::uint64_t runs() const { return runs_; }

 private:
  Signature signature_;
  std::uint64_t fails_at_;
  mutable std::atomic<std::uint64_t> runs_ = 0;
};

TEST(EngineLoad, EveryRunOfEveryCallerIsCounted) {
  const CountingExecutable executable;
  const Result<LoadReport> report = RunEngineLoad(
      executable, {}, {.callers = 3, .warm_up = milliseconds(0), .duration = milliseconds(20)});
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_GT(report->answers, 3U);
  EXPECT_EQ(report->latencies.size(), report->answers);
  EXPECT_LE(report->answers, executable.runs());
  EXPECT_TRUE(std::ranges::is_sorted(report->latencies));
}

TEST(EngineLoad, TheWarmUpIsNotCounted) {
  const CountingExecutable executable;
  const Result<LoadReport> report =
      RunEngineLoad(executable, {}, {.warm_up = milliseconds(20), .duration = milliseconds(5)});
  ASSERT_TRUE(report.ok());
  EXPECT_LT(report->answers, executable.runs());
}

TEST(EngineLoad, AnErrorEndsAllCallers) {
  const CountingExecutable executable(5);
  const Result<LoadReport> report =
      RunEngineLoad(executable, {}, {.callers = 2, .duration = std::chrono::hours(1)});
  EXPECT_EQ(report.status().message(), "out of order");
}

}  // namespace
}  // namespace slipway::cli
