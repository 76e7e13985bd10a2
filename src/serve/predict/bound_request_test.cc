#include "serve/predict/bound_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/error_catalogue.h"

namespace slipway::serve {
namespace {

using testing::ElementsAre;

const std::array<float, 64> kNumbers{};

TensorView Floats(Shape shape) {
  const std::size_t count = shape.ElementCount().value_or(0);
  return {DType::kF32, shape, std::as_bytes(std::span(kNumbers).first(count))};
}

// image f32[N,2], age f32[N,1] -> label f32[N,3], score f32[N,1]
const Signature kSignature{
    .inputs = {{.name = "image", .shape = {-1, 2}}, {.name = "age", .shape = {-1, 1}}},
    .outputs = {{.name = "label", .shape = {-1, 3}}, {.name = "score", .shape = {-1, 1}}}};

Result<BoundRequest> BindInputs(const std::vector<InferInput>& inputs,
                                const std::vector<std::string_view>& outputs = {}) {
  return Bind(kSignature, inputs, outputs);
}

TEST(Bind, PutsTheInputsInTheModelsOrder) {
  const BoundRequest bound =
      BindInputs({{"age", Floats({4, 1})}, {"image", Floats({4, 2})}}).value();
  EXPECT_EQ(bound.inputs[0].shape, Shape({4, 2}));
  EXPECT_EQ(bound.inputs[1].shape, Shape({4, 1}));
  EXPECT_EQ(bound.rows, 4);
  EXPECT_EQ(bound.bytes, 48u);
  EXPECT_THAT(bound.wanted, ElementsAre(0, 1));
}

TEST(Bind, KeepsTheOrderInWhichOutputsWereAskedFor) {
  const std::vector<InferInput> inputs = {{"image", Floats({1, 2})}, {"age", Floats({1, 1})}};
  EXPECT_THAT(BindInputs(inputs, {"score", "label"}).value().wanted, ElementsAre(1, 0));
  EXPECT_THAT(BindInputs(inputs, {"score"}).value().wanted, ElementsAre(1));
}

// Bad input T4: a batch of 0 is refused
// Fault C8: no rows
TEST(Bind, ABatchWithoutRowsIsRefused) {
  const Status refusal = BindInputs({{"image", Floats({0, 2})}, {"age", Floats({0, 1})}}).status();
  EXPECT_EQ(refusal.code(), Code::kInvalidArgument);
  EXPECT_EQ(refusal.number(), errors::kTensorShapeMismatch);
  EXPECT_EQ(refusal.message(), "input \"image\" has no rows");
}

TEST(Bind, AnEmptyAxisOfAModelWithoutBatchesIsLegal) {
  const Signature past{.inputs = {{.name = "past", .shape = {1, -1}}},
                       .outputs = {{.name = "next", .shape = {1, -1}}}};
  EXPECT_TRUE(Bind(past, std::vector<InferInput>{{"past", Floats({1, 0})}}, {}).ok());
}

TEST(Bind, AnUnknownInputGivesTheNearName) {
  const Status refusal = BindInputs({{"imag", Floats({1, 2})}, {"age", Floats({1, 1})}}).status();
  EXPECT_EQ(refusal.code(), Code::kInvalidArgument);
  EXPECT_EQ(refusal.number(), errors::kTensorNameUnknown);
  EXPECT_EQ(refusal.message(), "the model has no input \"imag\"; it has: image, age");
  EXPECT_EQ(refusal.hint(), "did you mean \"image\"?");
}

TEST(Bind, AMissingInputIsNamedWithWhatItIs) {
  const Status refusal = BindInputs({{"image", Floats({1, 2})}}).status();
  EXPECT_EQ(refusal.number(), errors::kTensorNameUnknown);
  EXPECT_EQ(refusal.message(), "input \"age\" is missing: age f32[N,1]");
}

TEST(Bind, ARepeatedInputIsRefused) {
  const Status refusal =
      BindInputs({{"image", Floats({1, 2})}, {"image", Floats({1, 2})}}).status();
  EXPECT_EQ(refusal.number(), errors::kRequestFieldInvalid);
  EXPECT_EQ(refusal.message(), "input \"image\" occurs twice");
}

TEST(Bind, AWrongShapeIsRefusedWithBothSides) {
  const Status refusal = BindInputs({{"image", Floats({1, 3})}, {"age", Floats({1, 1})}}).status();
  EXPECT_EQ(refusal.number(), errors::kTensorShapeMismatch);
  EXPECT_EQ(refusal.message(), "input \"image\": expected shape [N,2], got [1,3]");
}

TEST(Bind, InputsWithDifferentRowsAreRefused) {
  const Status refusal = BindInputs({{"image", Floats({2, 2})}, {"age", Floats({3, 1})}}).status();
  EXPECT_EQ(refusal.number(), errors::kTensorShapeMismatch);
  EXPECT_EQ(refusal.message(), "input \"image\" has 2 rows, input \"age\" has 3");
}

TEST(Bind, UnknownAndRepeatedOutputsAreRefused) {
  const std::vector<InferInput> inputs = {{"image", Floats({1, 2})}, {"age", Floats({1, 1})}};
  EXPECT_EQ(BindInputs(inputs, {"labels"}).status().hint(), "did you mean \"label\"?");
  EXPECT_EQ(BindInputs(inputs, {"label", "label"}).status().message(),
            "output \"label\" occurs twice");
}

}  // namespace
}  // namespace slipway::serve
