#include "serve/ensemble/step_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace slipway::serve {
namespace {

using package::EnsemblePlan;
using testing::ElementsAre;
using testing::IsEmpty;

package::EnsembleStep Step(std::string reads, std::string also, std::string writes) {
  package::EnsembleStep step{
      .model = "m", .version = {}, .input_map = {{"x1", std::move(reads)}}, .output_map = {}};
  if (!also.empty()) step.input_map["x2"] = std::move(also);
  step.output_map["y"] = std::move(writes);
  return step;
}

/// in -> a; a -> b; a -> c; b, c -> d (an output); in -> e (an output).
class StepProgressTest : public testing::Test {
 protected:
  StepProgressTest() {
    const package::Ensemble ensemble{.steps = {Step("b", "c", "d"), Step("in", "", "a"),
                                               Step("a", "", "b"), Step("a", "", "c"),
                                               Step("in", "", "e")}};
    const Signature signature{.inputs = {{.name = "in"}},
                              .outputs = {{.name = "d"}, {.name = "e"}}};
    plan_ = package::PlanEnsemble(ensemble, signature).value();
  }
  static constexpr std::size_t kD = 0, kA = 1, kB = 2, kC = 3, kE = 4;
  static constexpr std::array<std::size_t, 2> kBoth = {0, 1};

  std::size_t Tensor(std::size_t step) const { return plan_.steps[step].writes[0]; }

  EnsemblePlan plan_;
};

TEST_F(StepProgressTest, WhatReadsInputsAloneBeginsAtOnce) {
  EXPECT_THAT(StepProgress(plan_, kBoth).FirstSteps(), testing::UnorderedElementsAre(kA, kE));
}

TEST_F(StepProgressTest, AStepBeginsWhenAllThatItReadsIsThere) {
  StepProgress progress(plan_, kBoth);
  EXPECT_THAT(progress.Finish(kA).runnable, ElementsAre(kB, kC));
  EXPECT_THAT(progress.Finish(kC).runnable, IsEmpty());
  EXPECT_THAT(progress.Finish(kB).runnable, ElementsAre(kD));
}

TEST_F(StepProgressTest, ItIsFinishedWithItsLastStep) {
  StepProgress progress(plan_, kBoth);
  for (const std::size_t step : {kA, kB, kC, kD}) {
    progress.Finish(step);
    EXPECT_FALSE(progress.IsFinished());
  }
  progress.Finish(kE);
  EXPECT_TRUE(progress.IsFinished());
}

TEST_F(StepProgressTest, OnlyStepsThatWantedOutputsNeedTakePart) {
  StepProgress progress(plan_, std::array<std::size_t, 1>{1});
  EXPECT_THAT(progress.FirstSteps(), ElementsAre(kE));
  EXPECT_FALSE(progress.IsNeeded(kA));
  EXPECT_FALSE(progress.IsTensorNeeded(Tensor(kA)));
  EXPECT_THAT(progress.Finish(kE).runnable, IsEmpty());
  EXPECT_TRUE(progress.IsFinished());
}

TEST_F(StepProgressTest, ATensorIsUnusedAfterItsLastReader) {
  StepProgress progress(plan_, kBoth);
  progress.Finish(kA);
  EXPECT_THAT(progress.Finish(kB).unused, IsEmpty());
  EXPECT_THAT(progress.Finish(kC).unused, ElementsAre(Tensor(kA)));
  EXPECT_THAT(progress.Finish(kD).unused, ElementsAre(Tensor(kB), Tensor(kC)));
  EXPECT_TRUE(progress.IsTensorNeeded(Tensor(kD))) << "it is an output";
}

}  // namespace
}  // namespace slipway::serve
