#include "serve/batch/batch_learner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace slipway::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using Trial = BatchLearner::Trial;

constexpr auto kAnyTime = std::chrono::seconds(10);

std::vector<std::int64_t> Waiting(std::size_t requests, std::int64_t rows = 1) {
  return std::vector<std::int64_t>(requests, rows);
}

/// Does what the learner plans for a model that takes `time_of` a number of rows.
class Server {
 public:
  explicit Server(std::function<nanoseconds(std::int64_t)> time_of)
      : time_of_(std::move(time_of)) {}

  BatchLearner::Plan Serve(std::size_t waiting, std::int64_t rows = 1) {
    const BatchLearner::Plan plan = learner.Next(Waiting(waiting, rows), kAnyTime);
    const std::int64_t total = static_cast<std::int64_t>(plan.requests) * rows;
    learner.NoteRun(total, time_of_(total));
    if (plan.is_trial) {
      learner.NoteRun(2 * total, time_of_(2 * total));
      learner.NoteTrial(Trial::kAgreed);
    }
    return plan;
  }

  /// The requests of the run at which it arrives.
  std::size_t SettleAt(std::size_t waiting, std::int64_t rows = 1) {
    for (int i = 0; i < 100; ++i) Serve(waiting, rows);
    return Serve(waiting, rows).requests;
  }

  BatchLearner learner;

 private:
  std::function<nanoseconds(std::int64_t)> time_of_;
};

nanoseconds Shared(std::int64_t rows) { return milliseconds(9 + rows); }
nanoseconds Apart(std::int64_t rows) { return milliseconds(10 * rows); }
/// Nothing is gained beyond eight rows.
nanoseconds SharedUpTo8(std::int64_t rows) {
  return rows <= 8 ? milliseconds(9 + rows) : milliseconds(3 * rows);
}

TEST(BatchLearner, TriesNothingWhileNobodyWaits) {
  BatchLearner learner;
  EXPECT_EQ(learner.Next(Waiting(1), kAnyTime), BatchLearner::Plan());
  EXPECT_FALSE(learner.Profile().IsKnown());
}

TEST(BatchLearner, TriesOneAtATime) {
  BatchLearner learner;
  EXPECT_TRUE(learner.Next(Waiting(2), kAnyTime).is_trial);
  EXPECT_EQ(learner.Next(Waiting(5), kAnyTime), BatchLearner::Plan());
}

TEST(BatchLearner, GrowsBatchesWhileTheyPay) {
  EXPECT_EQ(Server(Shared).SettleAt(200), 64u);
  EXPECT_EQ(Server(SharedUpTo8).SettleAt(200), 8u);
  EXPECT_EQ(Server(Apart).SettleAt(200), 1u);
}

TEST(BatchLearner, TakesWhoeverWaits) {
  Server server(Shared);
  server.SettleAt(200);
  EXPECT_EQ(server.Serve(5), (BatchLearner::Plan{.requests = 5, .end = BatchEnd::kNobodyElse}));
}

TEST(BatchLearner, CountsRowsAndNotRequests) {
  EXPECT_EQ(Server(Shared).SettleAt(200, 16), 4u);
  EXPECT_EQ(Server(Shared).SettleAt(200, 3), 16u);
}

TEST(BatchLearner, ARunStaysWithinTheTimeItMayTake) {
  Server server(Shared);
  server.SettleAt(200);
  const auto plan = server.learner.Next(Waiting(200), milliseconds(20));
  EXPECT_EQ(plan, (BatchLearner::Plan{.requests = 11, .end = BatchEnd::kLongEnough}));
}

TEST(BatchLearner, RowsThatDependOnTheirNeighboursNeverShareARun) {
  BatchLearner learner;
  learner.NoteRun(1, milliseconds(10));
  ASSERT_TRUE(learner.Next(Waiting(2), kAnyTime).is_trial);
  learner.NoteTrial(Trial::kAgreed);
  ASSERT_TRUE(learner.Next(Waiting(2), kAnyTime).is_trial);
  learner.NoteTrial(Trial::kDiffers);
  EXPECT_EQ(learner.Next(Waiting(9), kAnyTime), BatchLearner::Plan());
}

TEST(BatchLearner, TrialsWithoutAResultEnd) {
  BatchLearner learner;
  int trials = 0;
  for (; trials < 100 && learner.Next(Waiting(2), kAnyTime).is_trial; ++trials)
    learner.NoteTrial(Trial::kNothing);
  EXPECT_EQ(trials, 8);
}

TEST(BatchLearner, ASizeThatFailedIsNotTriedAgain) {
  Server server(Shared);
  ASSERT_EQ(server.SettleAt(200), 64u);
  server.learner.NoteFailure(32);
  EXPECT_LT(server.SettleAt(200), 32u);
  server.learner.NoteFailure(1);
  EXPECT_EQ(server.Serve(200), BatchLearner::Plan());
}

TEST(BatchLearner, ForgetsThatRunningAloneWasSlowOnce) {
  bool is_slow = true;
  Server server([&](std::int64_t rows) {
    return rows == 1 && is_slow ? milliseconds(30) : milliseconds(10 * rows + (rows > 1 ? 10 : 0));
  });
  ASSERT_GT(server.SettleAt(8), 1u);
  is_slow = false;
  for (int i = 0; i < 3; ++i) server.SettleAt(8);
  EXPECT_EQ(server.SettleAt(8), 1u);
}

TEST(BatchLearner, AStallOfSomeSizesIsForgotten) {
  bool is_stalled = false;
  Server server([&](std::int64_t rows) {
    return is_stalled && rows > 1 ? milliseconds(1000 * rows) : Shared(rows);
  });
  ASSERT_EQ(server.SettleAt(200), 64u);
  is_stalled = true;
  for (std::size_t waiting = 2; waiting < 64; ++waiting) server.Serve(waiting);
  ASSERT_EQ(server.SettleAt(200), 1u);
  is_stalled = false;
  for (int i = 0; i < 20; ++i) server.SettleAt(200);
  EXPECT_EQ(server.SettleAt(200), 64u);
}

TEST(BatchLearner, ASmallerBatchTakesNoLongerThanALarger) {
  const BatchProfile before(
      {{1, milliseconds(2)}, {2, milliseconds(3)}, {3, milliseconds(90)}, {8, milliseconds(4)}});
  BatchLearner learner(BatchLearner::kMostRows, before);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(learner.Next(Waiting(20), kAnyTime).is_trial);
    learner.NoteTrial(Trial::kAgreed);
  }
  EXPECT_EQ(learner.Next(Waiting(8), kAnyTime).requests, 8u);
}

TEST(BatchLearner, ASizeNextToAnotherStillGrows) {
  Server server(Shared);
  for (const std::size_t waiting : {13, 14, 13, 14, 13, 14, 13, 14}) server.SettleAt(waiting);
  EXPECT_GE(server.SettleAt(200), 56u);
}

TEST(BatchLearner, WhatWasLearnedBeforeIsUsedOnceRowsAreFoundIndependentAgain) {
  const BatchProfile before({{1, milliseconds(10)}, {8, milliseconds(17)}, {16, milliseconds(48)}});
  BatchLearner learner(BatchLearner::kMostRows, before);
  EXPECT_FALSE(learner.Profile().IsKnown());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(learner.Next(Waiting(20), kAnyTime).is_trial);
    learner.NoteTrial(Trial::kAgreed);
  }
  EXPECT_EQ(learner.Next(Waiting(20), kAnyTime).requests, 8u);
  EXPECT_EQ(learner.Profile().points().size(), 3u);
}

TEST(BatchLearner, WhatWasLearnedBeforeJoinsNoRowsThatDependOnTheirNeighbours) {
  BatchLearner learner(BatchLearner::kMostRows,
                       BatchProfile({{1, milliseconds(10)}, {8, milliseconds(17)}}));
  EXPECT_TRUE(learner.Next(Waiting(20), kAnyTime).is_trial);
  learner.NoteTrial(Trial::kDiffers);
  EXPECT_EQ(learner.Next(Waiting(20), kAnyTime).requests, 1u);
}

TEST(BatchLearner, WhatWasLearnedBeforeStaysWithinTheConfiguredRows) {
  BatchLearner learner(4, BatchProfile({{1, milliseconds(10)}, {8, milliseconds(17)}}));
  for (int i = 0; i < 2; ++i) learner.NoteTrial(Trial::kAgreed);
  EXPECT_EQ(learner.Profile().points().size(), 1u);
}

TEST(BatchLearner, FollowsAMachineThatChanges) {
  bool is_shared = true;
  Server server([&](std::int64_t rows) { return is_shared ? Shared(rows) : Apart(rows); });
  ASSERT_EQ(server.SettleAt(8), 8u);
  is_shared = false;
  server.SettleAt(8);
  EXPECT_LT(server.SettleAt(8), 8u);
}

/// The share of the rows that do not run alone, for a model at a machine that is half as fast again
/// for some hundred runs and then as it was, and whose runs differ by a third besides.
double ShareJoinedAtAMachineOfTwoSpeeds(std::function<nanoseconds(std::int64_t)> time_of) {
  std::mt19937 random(1);
  double slow = 1;
  Server server([&](std::int64_t rows) {
    if (random() % 100 == 0) slow = slow > 1 ? 1 : 1.5;
    const double noise = 0.85 + 0.3 * (random() % 1000) / 1000;
    return nanoseconds(std::llround(slow * noise * static_cast<double>(time_of(rows).count())));
  });
  server.SettleAt(8);
  double joined = 0;
  double all = 0;
  for (int i = 0; i < 5000; ++i) {
    const auto requests = static_cast<double>(server.Serve(8).requests);
    all += requests;
    if (requests > 1) joined += requests;
  }
  return joined / all;
}

TEST(BatchLearner, AMachineThatChangesItsSpeedDoesNotPassForBatchesThatPay) {
  const auto dearer = [](std::int64_t rows) { return milliseconds(rows > 1 ? 105 : 100) * rows; };
  EXPECT_LT(ShareJoinedAtAMachineOfTwoSpeeds(dearer), 0.05);
  EXPECT_GT(ShareJoinedAtAMachineOfTwoSpeeds(Shared), 0.95);
}

}  // namespace
}  // namespace slipway::serve
