#include "tensor/dtype.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

constexpr int kLast = static_cast<int>(DType::kI2);

TEST(DType, ShortNamesReadBack) {
  for (int number = 1; number <= kLast; ++number) {
    const auto dtype = static_cast<DType>(number);
    EXPECT_EQ(DTypeFromShortName(ShortName(dtype)), dtype) << ShortName(dtype);
  }
  EXPECT_EQ(DTypeFromShortName("F32"), std::nullopt);
  EXPECT_EQ(DTypeFromShortName(""), std::nullopt);
}

TEST(DType, OnlyServableTypesAreReadFromRequests) {
  for (int number = 1; number <= kLast; ++number) {
    const auto dtype = static_cast<DType>(number);
    const auto expected = IsServable(dtype) ? std::optional(dtype) : std::nullopt;
    EXPECT_EQ(DTypeFromOip(OipName(dtype)), expected) << OipName(dtype);
  }
  EXPECT_EQ(DTypeFromOip("UNDEFINED"), std::nullopt);
}

TEST(DType, TheProtocolHasThirteenTypesAndBF16) {
  int servable = 0;
  for (int number = 0; number <= kLast; ++number)
    servable += IsServable(static_cast<DType>(number));
  EXPECT_EQ(servable, 14);
}

TEST(DType, SaysSizes) {
  EXPECT_EQ(BytesOf(DType::kF32), 4U);
  EXPECT_EQ(BytesOf(DType::kBool), 1U);
  EXPECT_EQ(BytesOf(DType::kComplex128), 16U);
  EXPECT_EQ(BitsOf(DType::kI4), 4U);
  EXPECT_EQ(BytesOf(DType::kI4), 0U);
  EXPECT_EQ(BitsOf(DType::kString), 0U);
}

TEST(DType, ANumberFromOutsideIsUndefined) {
  const auto outside = static_cast<DType>(200);
  EXPECT_EQ(BitsOf(outside), 0U);
  EXPECT_FALSE(IsServable(outside));
  EXPECT_EQ(ShortName(outside), "undefined");
}

TEST(DType, KindsDoNotOverlap) {
  EXPECT_TRUE(IsFloatingPoint(DType::kBF16));
  EXPECT_TRUE(IsSignedInteger(DType::kI4));
  EXPECT_TRUE(IsUnsignedInteger(DType::kU64));
  EXPECT_FALSE(IsInteger(DType::kBool));
  EXPECT_FALSE(IsInteger(DType::kF8E4M3FN));
}

}  // namespace
}  // namespace slipway
