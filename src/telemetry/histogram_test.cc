#include "telemetry/histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "telemetry/duration_total.h"

namespace slipway::telemetry {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(Histogram, BoundsAscendInStepsPeopleKnow) {
  EXPECT_THAT(Histogram::UpperBoundsInSeconds(),
              testing::ElementsAre(1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2,
                                   2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30));
}

TEST(Histogram, AnUpperBoundBelongsToItsBucket) {
  Histogram histogram;
  histogram.Record(microseconds(10));
  histogram.Record(microseconds(10) + nanoseconds(1));
  EXPECT_EQ(histogram.Read().counts[0], 1u);
  EXPECT_EQ(histogram.Read().counts[1], 1u);
}

TEST(Histogram, EveryBoundDividesTwoBuckets) {
  Histogram histogram;
  for (const nanoseconds bound : Histogram::kUpperBounds) {
    for (const nanoseconds near : {bound - nanoseconds(1), bound, bound + nanoseconds(1)})
      histogram.Record(near);
  }
  auto expected = Histogram::Snapshot().counts;
  expected.fill(3);  // below its bound, at it, and above the one before
  expected.front() = 2;
  expected.back() = 1;
  EXPECT_EQ(histogram.Read().counts, expected);
}

TEST(Histogram, WhatIsBeyondAllBoundsIsCounted) {
  Histogram histogram;
  histogram.Record(seconds(31));
  histogram.Record(nanoseconds::max());
  EXPECT_EQ(histogram.Read().counts.back(), 2u);
}

TEST(Histogram, ANegativeDurationCountsAsNone) {
  Histogram histogram;
  histogram.Record(nanoseconds(-5));
  EXPECT_EQ(histogram.Read().counts[0], 1u);
  EXPECT_EQ(histogram.Read().total, nanoseconds(0));
}

TEST(Histogram, LosesNothingWhenSeveralThreadsRecord) {
  constexpr int kThreads = 4;
  constexpr int kRecords = 10'000;
  Histogram histogram;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < kRecords; ++j) histogram.Record(milliseconds(2));
      });
    }
  }
  EXPECT_EQ(histogram.Read().Count(), kThreads * kRecords);
  EXPECT_EQ(histogram.Read().total, milliseconds(2) * kThreads * kRecords);
}

TEST(DurationTotal, CountsAndSums) {
  DurationTotal total;
  total.Record(milliseconds(1));
  total.Record(milliseconds(2));
  total.Record(nanoseconds(-1));
  EXPECT_EQ(total.Read(), (DurationTotal::Snapshot{.count = 3, .total = milliseconds(3)}));
}

TEST(Gauge, SaysHowManyThereWereBefore) {
  Gauge gauge;
  EXPECT_EQ(gauge.Add(2), 0);
  EXPECT_EQ(gauge.Add(-1), 2);
  EXPECT_EQ(gauge.Value(), 1);
}

}  // namespace
}  // namespace slipway::telemetry
