#include "serve/model/warm_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/model/fake_engine.h"

namespace slipway::serve {
namespace {

using testing::ElementsAre;

Signature WithShapes(Shape input, Shape output, std::vector<std::string> output_axes = {}) {
  return {.inputs = {{.name = "x",
                      .shape = input,
                      .axis_names = {std::vector<std::string>(input.rank(), "")}}},
          .outputs = {{.name = "y", .shape = output, .axis_names = std::move(output_axes)}}};
}

// Notes the shapes it is run with and refuses sizes below `least`.
class PickyModel final : public engine::Executable {
 public:
  PickyModel(Signature signature, std::int64_t least)
      : signature_(std::move(signature)), least_(least) {}
  const Signature& signature() const override { return signature_; }
  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t>,
             std::span<TensorBuffer> outputs, const engine::RunLimits&) const override {
    if (inputs[0].shape[1] < least_) return InvalidArgument("too small");
    SLIPWAY_TRY(outputs[0], TensorBuffer::Allocate(DType::kF32, {1, 3}));
    return {};
  }

 private:
  Signature signature_;
  std::int64_t least_;
};

TEST(WarmUpModel, MeasuresARun) {
  const FakeExecutable model({.signature = FakeSignature()});
  const WarmUp warm = WarmUpModel(model, FakeSignature()).value();
  EXPECT_GT(warm.run_time.count(), 0);
  EXPECT_THAT(warm.outputs, ElementsAre(OutputMemory::kFollowsBatch));
}

TEST(WarmUpModel, TriesSizesUntilTheModelRuns) {
  const Signature signature = WithShapes({-1, -1}, {-1, 3});
  EXPECT_GT(WarmUpModel(PickyModel(signature, 30), signature).value().run_time.count(), 0);
}

TEST(WarmUpModel, AModelThatMayRefuseZerosIsNotMeasured) {
  const Signature signature = WithShapes({-1, -1}, {-1, 3});
  const WarmUp warm = WarmUpModel(PickyModel(signature, 100'000), signature).value();
  EXPECT_EQ(warm.run_time.count(), 0);
  EXPECT_THAT(warm.outputs, ElementsAre(OutputMemory::kEngine));
}

TEST(WarmUpModel, AModelWithFixedSizesMustRun) {
  const Signature signature = WithShapes({1, 3}, {1, 3});
  EXPECT_EQ(WarmUpModel(PickyModel(signature, 4), signature).status().message(), "too small");
}

// Fault C10: another shape than the graph says
TEST(WarmUpModel, AnOutputThatIsNotAsPromisedIsLeftToTheEngine) {
  const Signature signature = WithShapes({1, 3}, {1, 4});
  const WarmUp warm = WarmUpModel(PickyModel(signature, 1), signature).value();
  EXPECT_THAT(warm.outputs, ElementsAre(OutputMemory::kEngine));
}

TEST(PlanOutputMemory, TakesWhatTheShapesSay) {
  const auto plan = [](const Signature& signature) {
    return PlanOutputMemory(signature, signature.outputs[0]);
  };
  EXPECT_EQ(plan(WithShapes({1, 2}, {1, 3})), OutputMemory::kFixed);
  EXPECT_EQ(plan(FakeSignature()), OutputMemory::kFollowsBatch);
  EXPECT_EQ(plan(WithShapes({-1, 2}, {-1, 3})), OutputMemory::kEngine) << "no name says it";
  Signature other_name = FakeSignature();
  other_name.outputs[0].axis_names[0] = "boxes";
  EXPECT_EQ(plan(other_name), OutputMemory::kEngine);
  Signature two_free = FakeSignature();
  two_free.outputs[0].shape = {-1, -1};
  EXPECT_EQ(plan(two_free), OutputMemory::kEngine);
  Signature strings = FakeSignature();
  strings.outputs[0].dtype = DType::kString;
  EXPECT_EQ(plan(strings), OutputMemory::kEngine);
}

}  // namespace
}  // namespace slipway::serve
