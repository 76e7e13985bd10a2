#include "serve/predict/cohort.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <deque>
#include <functional>

#include "base/fake_clock.h"
#include "serve/model/fake_engine.h"

namespace slipway::serve {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using testing::ElementsAre;

/// y[i] = {x[i][0], x[i][1], 1} for each row; notes the rows of each run and refuses a negative
/// number in the first place of any row.
class NotingModel final : public engine::Executable {
 public:
  const Signature& signature() const override { return signature_; }
  const engine::OutsideProcess* outside() const override { return process.get(); }
  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t>,
             std::span<TensorBuffer> outputs, const engine::RunLimits& limits) const override {
    const std::span<const float> x = inputs[0].As<float>();
    const std::size_t rows = x.size() / 2;
    runs.push_back(rows);
    shares.emplace_back(limits.rows_of_requests.begin(), limits.rows_of_requests.end());
    if (rows > 1 && on_joint_run) SLIPWAY_RETURN_IF_ERROR(on_joint_run());
    for (std::size_t row = 0; row < rows; ++row) {
      if (x[row * 2] < 0) return InvalidArgument("a negative number");
      if (outputs.empty()) continue;
      const std::array<float, 3> y = {x[row * 2], x[row * 2 + 1], 1};
      std::ranges::copy(y, outputs[0].As<float>().subspan(row * 3).begin());
    }
    return {};
  }
  mutable std::vector<std::size_t> runs;
  mutable std::vector<std::vector<std::int64_t>> shares;  ///< whose rows the engine was told
  std::unique_ptr<FakeOutside> process;                   ///< null: it runs in this one
  std::function<Status()> on_joint_run;

 private:
  Signature signature_ = FakeSignature();
};

class CohortTest : public testing::Test {
 protected:
  CohortTest() : executable(std::make_shared<NotingModel>()) { model = MakeModel(); }

  ModelHandle MakeModel() const {
    return std::make_shared<ServedModel>(ServedModel::Parts{
        .name = "m",
        .signature = FakeSignature(),
        .executable = executable,
        .output_memory = {OutputMemory::kFollowsBatch},
        .run_time = microseconds(10),
        .batches =
            BatchProfile({{1, microseconds(10)}, {2, microseconds(11)}, {4, microseconds(12)}})});
  }

  PredictTask Task(std::vector<float> numbers, ModelHandle of = nullptr) {
    numbers_.push_back(std::move(numbers));
    const std::vector<float>& x = numbers_.back();
    const auto rows = static_cast<std::int64_t>(x.size() / 2);
    const std::size_t index = answers.size();
    answers.emplace_back(Unavailable("not yet"));
    return {.request = {.model = of == nullptr ? model : std::move(of)},
            .bound = {.inputs = {{DType::kF32, {rows, 2}, std::as_bytes(std::span(x))}},
                      .wanted = {0},
                      .rows = rows},
            .done =
                [this, index](Result<InferResponse> response) {
                  answers[index] = std::move(response);
                  order.push_back(index);
                },
            .arrived = clock.Now(),
            .checked = clock.Now(),
            .deadline = clock.Now() + seconds(1)};
  }

  std::vector<float> Numbers(std::size_t index) {
    const TensorBuffer& output = answers[index].value().outputs[0].second;
    const auto values = output.view().As<float>();
    return {values.begin(), values.end()};
  }

  FakeClock clock;
  std::shared_ptr<NotingModel> executable;
  ModelHandle model;
  std::vector<Result<InferResponse>> answers;
  std::vector<std::size_t> order;
  Cohort cohort;

 private:
  std::deque<std::vector<float>> numbers_;
};

TEST_F(CohortTest, EverybodyGetsTheirOwnRows) {
  cohort.Add(Task({1, 2}));
  cohort.Add(Task({3, 4, 5, 6}));
  cohort.Add(Task({7, 8}));
  EXPECT_THAT(executable->runs, ElementsAre()) << "nothing runs before the round ends";
  cohort.Run(seconds(1), {.clock = clock});
  EXPECT_THAT(executable->runs, ElementsAre(4));
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
  EXPECT_THAT(Numbers(0), ElementsAre(1, 2, 1));
  EXPECT_THAT(Numbers(1), ElementsAre(3, 4, 1, 5, 6, 1));
  EXPECT_THAT(Numbers(2), ElementsAre(7, 8, 1));
}

TEST_F(CohortTest, TheEngineIsToldWhoseRowsThoseAre) {
  cohort.Add(Task({1, 2}));
  cohort.Add(Task({3, 4, 5, 6}));
  cohort.Run(seconds(1), {.clock = clock});
  cohort.Add(Task({7, 8}));
  cohort.Run(seconds(1), {.clock = clock});
  EXPECT_THAT(executable->shares, ElementsAre(ElementsAre(1, 2), ElementsAre()));
}

// Fault C11: an input that may end the process
TEST_F(CohortTest, WhatMayEndTheProcessRunsAloneAndLast) {
  executable->process = std::make_unique<FakeOutside>();
  executable->process->suspects = {3};
  for (const float number : {1.0F, 3.0F, 5.0F}) cohort.Add(Task({number, 0}));
  cohort.Run(seconds(1), {.clock = clock});
  EXPECT_THAT(executable->runs, ElementsAre(2, 1));
  EXPECT_THAT(order, ElementsAre(0, 2, 1));
  EXPECT_THAT(Numbers(1), ElementsAre(3, 0, 1));
}

TEST_F(CohortTest, RequestsWithoutRowsRunAlone) {
  for (int i = 0; i < 3; ++i) cohort.Add(Task({}));
  cohort.Add(Task({1, 2}));
  cohort.Run(seconds(1), {.clock = clock});
  EXPECT_THAT(executable->runs, ElementsAre(0, 0, 0, 1));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_THAT(Numbers(i), ElementsAre());
  EXPECT_THAT(Numbers(3), ElementsAre(1, 2, 1));
}

TEST_F(CohortTest, ABatchEndsAtTheBestSize) {
  for (int i = 0; i < 6; ++i) cohort.Add(Task({static_cast<float>(i), 0}));
  cohort.Run(seconds(1), {.clock = clock});
  EXPECT_THAT(executable->runs, ElementsAre(4, 2));
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_THAT(Numbers(i), ElementsAre(static_cast<float>(i), 0, 1));
}

TEST_F(CohortTest, OtherVersionsAndOtherOutputsRunApart) {
  const ModelHandle other = MakeModel();
  cohort.Add(Task({1, 2}));
  cohort.Add(Task({3, 4}, other));
  PredictTask none = Task({5, 6});
  none.bound.wanted.clear();
  cohort.Add(std::move(none));
  cohort.Add(Task({7, 8}));
  cohort.Run(seconds(1), {.clock = clock});
  EXPECT_THAT(Numbers(1), ElementsAre(3, 4, 1));
  EXPECT_EQ(answers[1].value().model, other);
  EXPECT_THAT(Numbers(3), ElementsAre(7, 8, 1));
  EXPECT_EQ(executable->runs[0], 2u) << "the first and the last share a run";
}

// Fault C11: an input that the model refuses
TEST_F(CohortTest, OneFaultIsNobodyElses) {
  cohort.Add(Task({1, 2}));
  cohort.Add(Task({-1, 2}));
  cohort.Add(Task({3, 4}));
  cohort.Run(seconds(1), {.clock = clock});
  EXPECT_THAT(Numbers(0), ElementsAre(1, 2, 1));
  EXPECT_EQ(answers[1].status().message(), "a negative number");
  EXPECT_THAT(Numbers(2), ElementsAre(3, 4, 1));
}

// Fault C5: among those that share a run
// Fault C6: among those that share a run
TEST_F(CohortTest, WhatIsNotWorthRunningIsNotRun) {
  cohort.Add(Task({1, 2}));
  PredictTask late = Task({3, 4});
  late.deadline = clock.Now();
  cohort.Add(std::move(late));
  PredictTask gone = Task({5, 6});
  gone.request.abandoned = [] { return true; };
  cohort.Add(std::move(gone));
  cohort.Run(seconds(1), {.clock = clock});
  EXPECT_THAT(executable->runs, ElementsAre(1));
  EXPECT_EQ(answers[1].status().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(answers[2].status().code(), Code::kCancelled);
}

TEST_F(CohortTest, AShortDeadlineInAJointRunSaysNothingOfTheModel) {
  WaitingRequests overflow(clock);
  PredictTask patient = Task({1, 2});
  PredictTask hasty = Task({3, 4});
  hasty.deadline = clock.Now() + microseconds(1);
  executable->on_joint_run = [&] {
    clock.Advance(microseconds(2));
    return DeadlineExceeded("the deadline passed while the model ran");
  };
  cohort.Add(std::move(patient));
  cohort.Add(std::move(hasty));
  cohort.Run(seconds(1),
             {.clock = clock, .overflow = &overflow, .longest = std::chrono::milliseconds(20)});
  EXPECT_THAT(Numbers(0), ElementsAre(1, 2, 1));
  EXPECT_EQ(answers[1].status().code(), Code::kDeadlineExceeded);
  EXPECT_TRUE(model->IsPredictable(clock.Now()));
}

TEST_F(CohortTest, CountsRunsAndRequests) {
  cohort.Add(Task({1, 2}));
  cohort.Add(Task({3, 4}));
  cohort.Run(seconds(1), {.clock = clock});
  const ModelStatistics read = model->counters().Read();
  EXPECT_EQ(read.success.count, 2u);
  EXPECT_EQ(read.inference_count, 2u);
  EXPECT_EQ(read.execution_count, 1u);
  EXPECT_EQ(model->counters().BatchesEnded(BatchEnd::kNobodyElse), 1u);
}

TEST_F(CohortTest, KnowsHowLongItWillRun) {
  EXPECT_EQ(cohort.run_time().count(), 0);
  cohort.Add(Task({1, 2}));
  EXPECT_EQ(cohort.run_time(), microseconds(3)) << "a quarter of a run of four";
  cohort.Run(seconds(1), {.clock = clock});
  EXPECT_EQ(cohort.run_time().count(), 0);
}

TEST_F(CohortTest, HoldsOnlyWhatRunsCheaperTogether) {
  EXPECT_TRUE(Cohort::MayHold(Task({1, 2})));
  EXPECT_FALSE(Cohort::MayHold(Task(std::vector<float>(8))));
}

}  // namespace
}  // namespace slipway::serve
