#include "tensor/signature.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/error_catalogue.h"

namespace slipway {
namespace {

const TensorSpec kImage{"image", DType::kF32, Shape{-1, 2}, {}};

Status Check(DType dtype, const Shape& shape, std::size_t bytes) {
  const std::vector<std::byte> content(bytes);
  return CheckTensor(kImage, {dtype, shape, content});
}

TEST(CheckTensor, TakesWhatTheSignatureAsksFor) {
  EXPECT_TRUE(Check(DType::kF32, Shape{3, 2}, 24).ok());
  EXPECT_TRUE(Check(DType::kF32, Shape{0, 2}, 0).ok());
}

TEST(CheckTensor, NamesBothTypes) {
  const Status status = Check(DType::kF64, Shape{1, 2}, 16);
  EXPECT_EQ(status.message(), R"(input "image": expected type FP32, got FP64)");
  EXPECT_EQ(status.number(), errors::kTensorTypeMismatch);
}

// Bad input T2: another rank or another size than the signature's is named with both shapes
TEST(CheckTensor, NamesBothShapes) {
  const Status status = Check(DType::kF32, Shape{1, 3}, 12);
  EXPECT_EQ(status.message(), R"(input "image": expected shape [N,2], got [1,3])");
  EXPECT_EQ(status.number(), errors::kTensorShapeMismatch);
  EXPECT_EQ(Check(DType::kF32, Shape{}, 4).number(), errors::kTensorShapeMismatch);
}

// Bad input T3: data that does not fill the shape is named with both counts
TEST(CheckTensor, NamesBothByteCounts) {
  const Status status = Check(DType::kF32, Shape{2, 2}, 12);
  EXPECT_EQ(status.message(), R"(input "image": shape [2,2] of FP32 needs 16 bytes, got 12)");
  EXPECT_EQ(status.number(), errors::kTensorDataMismatch);
}

// Bad input T1: a shape whose bytes overflow is refused, however few bytes come with it
TEST(CheckTensor, RefusesAShapeThatOverflows) {
  EXPECT_EQ(Check(DType::kF32, Shape{std::int64_t{1} << 62, 2}, 0).code(), Code::kInvalidArgument);
}

// Bad input T2: a negative dimension in a request is refused
TEST(CheckTensor, RefusesANegativeDimension) {
  EXPECT_EQ(Check(DType::kF32, Shape{-1, 2}, 8).code(), Code::kInvalidArgument);
}

TEST(CheckTensor, LooksIntoStrings) {
  const TensorSpec spec{"text", DType::kString, Shape{-1}, {}};
  const std::vector<std::byte> cut(3);
  const Status status = CheckTensor(spec, {DType::kString, Shape{1}, cut});
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.number(), errors::kTensorDataMismatch);
  EXPECT_EQ(status.place(), R"(input "text")");
}

TEST(Signature, FindsTensorsByName) {
  const Signature signature{{kImage}, {{"scores", DType::kF32, Shape{-1, 10}, {}}}};
  EXPECT_EQ(signature.FindInput("image"), &signature.inputs[0]);
  EXPECT_EQ(signature.FindInput("scores"), nullptr);
  EXPECT_EQ(signature.FindOutput("scores"), &signature.outputs[0]);
}

TEST(Signature, IsBatchableWhenEveryTensorIs) {
  Signature signature{{kImage}, {{"scores", DType::kF32, Shape{-1, 10}, {}}}};
  EXPECT_TRUE(signature.IsBatchable());
  signature.outputs[0].shape = Shape{1, 10};
  EXPECT_FALSE(signature.IsBatchable());
  EXPECT_FALSE(Signature{}.IsBatchable());
  signature.outputs[0].shape = Shape{};
  EXPECT_FALSE(signature.IsBatchable());
}

TEST(TensorSpec, PrintsInOneLine) { EXPECT_EQ(ToString(kImage), "image f32[N,2]"); }

}  // namespace
}  // namespace slipway
