#include "serve/model/model_counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace slipway::serve {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr InferenceTimes kTimes{.queue = microseconds(4),
                                .compute_input = microseconds(1),
                                .compute_infer = microseconds(60),
                                .compute_output = microseconds(2)};

TEST(ModelCounters, AddsUpWhatTheStatisticsShow) {
  ModelCounters counters;
  counters.RecordSuccess(5, kTimes, WallTime(milliseconds(1000)));
  counters.RecordSuccess(1, kTimes, WallTime(milliseconds(2000)));
  counters.RecordRun(6, kTimes);
  const ModelStatistics read = counters.Read();
  EXPECT_EQ(read.last_inference_unix_ms, 2000u);
  EXPECT_EQ(read.inference_count, 6u);
  EXPECT_EQ(read.execution_count, 1u);
  EXPECT_EQ(read.success, (ModelStatistics::Total{2, microseconds(134)}));
  EXPECT_EQ(read.queue, (ModelStatistics::Total{2, microseconds(8)}));
  EXPECT_EQ(read.compute_input, (ModelStatistics::Total{2, microseconds(2)}));
  EXPECT_EQ(read.compute_infer, (ModelStatistics::Total{2, microseconds(120)}));
  EXPECT_EQ(read.compute_output, (ModelStatistics::Total{2, microseconds(4)}));
  EXPECT_EQ(read.fail.count, 0u);
}

TEST(ModelCounters, CountsFailuresByReason) {
  ModelCounters counters;
  counters.RecordFailure(ModelCounters::Failure::kOther, microseconds(3));
  counters.RecordFailure(ModelCounters::Failure::kRejected, microseconds(3));
  counters.RecordFailure(ModelCounters::Failure::kCancelled, microseconds(3));
  counters.RecordFailure(ModelCounters::Failure::kExpired, microseconds(3));
  const ModelStatistics read = counters.Read();
  EXPECT_EQ(read.fail, (ModelStatistics::Total{4, microseconds(12)}));
  EXPECT_EQ(read.rejected_count, 1u);
  EXPECT_EQ(read.cancelled_count, 1u);
  EXPECT_EQ(read.expired_count, 1u);
  EXPECT_EQ(read.inference_count, 0u);
}

TEST(ModelCounters, HasARowForEachBatchSize) {
  ModelCounters counters;
  for (const std::uint64_t rows : {8, 1, 8, 0}) counters.RecordRun(rows, kTimes);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> seen;
  for (const auto& row : counters.Read().batches)
    seen.emplace_back(row.batch_size, row.compute_infer.count);
  EXPECT_THAT(seen,
              testing::ElementsAre(testing::Pair(0, 1), testing::Pair(1, 1), testing::Pair(8, 2)));
}

TEST(ModelCounters, BoundsTheRowsThatAClientCanMake) {
  ModelCounters counters;
  for (std::uint64_t rows = 1; rows <= 1000; ++rows) counters.RecordRun(rows, kTimes);
  EXPECT_EQ(counters.Read().batches.size(), ModelCounters::kBatchSizes);
  EXPECT_EQ(counters.Read().execution_count, 1000u);
}

TEST(ModelCounters, LosesNothingWhenSeveralThreadsRecord) {
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kRecords = 5'000;
  ModelCounters counters;
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (std::uint64_t j = 0; j < kRecords; ++j) {
          counters.RecordRun(1 + j % 3, kTimes);
          counters.RecordSuccess(1 + j % 3, kTimes, WallTime());
        }
      });
    }
  }
  const ModelStatistics read = counters.Read();
  std::uint64_t runs = 0;
  for (const auto& row : read.batches) runs += row.compute_infer.count;
  EXPECT_EQ(read.batches.size(), 3u);
  EXPECT_EQ(runs, kThreads * kRecords);
  EXPECT_EQ(counters.ComputeTimes().Count(), kThreads * kRecords);
}

}  // namespace
}  // namespace slipway::serve
