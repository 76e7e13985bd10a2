#include "engine/worker/hang_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::engine {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

/// A worker that is looked at every 100 ms, and what happens in between.
class Worker {
 public:
  bool is_asleep = true;
  milliseconds cpu_per_look{0};
  milliseconds run_cpu_per_look{0};
  bool answers = false;  ///< every run, before the next look
  std::optional<milliseconds> deadline;

  /// The judgements of so many looks that are not "well", with the look's number.
  std::vector<std::pair<int, Judgement>> Look(int times) {
    std::vector<std::pair<int, Judgement>> told;
    for (int i = 0; i < times; ++i) {
      const Judgement judgement = judge_.Next(Sample());
      if (judgement != Judgement::kWell) told.emplace_back(looks_, judgement);
    }
    return told;
  }
  const std::string& reason() const { return judge_.reason(); }

 private:
  WorkerSample Sample() {
    ++looks_;
    at_ += milliseconds(100);
    cpu_ += cpu_per_look;
    run_cpu_ += run_cpu_per_look;
    if (answers) ++number_;
    RunSample run{.number = number_, .age = at_, .cpu_time = run_cpu_};
    if (deadline) run.overdue = at_ - *deadline;
    return {.at = at_, .cpu_time = cpu_, .is_asleep = is_asleep, .runs = {run}};
  }

  HangJudge judge_{HangBounds{}};
  int looks_ = 0;
  std::uint32_t number_ = 1;
  milliseconds at_{0};
  milliseconds cpu_{0};
  milliseconds run_cpu_{0};
};

// Fault C4: a process that sleeps
TEST(HangJudge, ASleeperWithWorkIsWokenAndThenHung) {
  Worker worker;
  EXPECT_EQ(worker.Look(11), (std::vector<std::pair<int, Judgement>>{{5, Judgement::kWake},
                                                                     {11, Judgement::kHung}}));
  EXPECT_THAT(worker.reason(), HasSubstr("did nothing for 1.0 s"));
}

TEST(HangJudge, WhoWakesWhenWokenIsWell) {
  Worker worker;
  worker.Look(5);
  worker.cpu_per_look = milliseconds(1);
  worker.Look(1);
  worker.cpu_per_look = milliseconds(0);
  worker.answers = true;
  EXPECT_TRUE(worker.Look(100).empty());
}

TEST(HangJudge, AThreadThatGetsNoCoreIsNoSleeper) {
  Worker worker;
  worker.is_asleep = false;
  EXPECT_TRUE(worker.Look(500).empty());
}

TEST(HangJudge, AWorkerThatWorksIsWell) {
  Worker worker;
  worker.cpu_per_look = milliseconds(1);
  EXPECT_TRUE(worker.Look(500).empty());
}

TEST(HangJudge, AWorkerThatAnswersIsWell) {
  Worker worker;
  worker.answers = true;
  EXPECT_TRUE(worker.Look(500).empty());
}

TEST(HangJudge, LooksAtNothingMeanNothing) {
  HangJudge judge{HangBounds{}};
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(judge.Next({.at = milliseconds(100 * i), .is_asleep = true}), Judgement::kWell);
}

// Fault C4: a run that works on
TEST(HangJudge, ARunThatWorksOnAfterItsDeadlineIsHung) {
  Worker worker;
  worker.is_asleep = false;
  worker.deadline = milliseconds(2000);
  worker.cpu_per_look = worker.run_cpu_per_look = milliseconds(90);
  const auto told = worker.Look(60);
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.front(), std::pair(32, Judgement::kHung)) << "1.08 s of work after 2.0 s";
  EXPECT_THAT(worker.reason(), HasSubstr("whose deadline had passed"));
}

TEST(HangJudge, ALateRunThatGetsNoCoreIsWell) {
  Worker worker;
  worker.is_asleep = false;
  worker.deadline = milliseconds(100);
  worker.cpu_per_look = milliseconds(90);  // others
  worker.run_cpu_per_look = milliseconds(1);
  EXPECT_TRUE(worker.Look(500).empty());
}

TEST(HangJudge, AnyRunEndsAfterItsLongestTime) {
  Worker worker;
  worker.is_asleep = false;
  worker.cpu_per_look = milliseconds(90);
  const auto told = worker.Look(601);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told.front(), std::pair(601, Judgement::kHung));
  EXPECT_THAT(worker.reason(), HasSubstr("longer than 60 s"));
}

TEST(HangJudge, ALongDeadlineIsGranted) {
  Worker worker;
  worker.is_asleep = false;
  worker.cpu_per_look = milliseconds(90);
  worker.deadline = milliseconds(200'000);
  EXPECT_TRUE(worker.Look(1900).empty());
}

TEST(HangJudge, YoungRunsAreNotWorthALook) {
  const auto worth = [](milliseconds age) {
    return HangJudge::IsWorthALook({RunSample{.age = age}}, milliseconds(100));
  };
  EXPECT_FALSE(worth(milliseconds(99)));
  EXPECT_TRUE(worth(milliseconds(100)));
}

}  // namespace
}  // namespace slipway::engine
