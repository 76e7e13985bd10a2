#include "serve/predict/request_rules.h"

#include <gtest/gtest.h>

#include <string>

namespace slipway::serve {
namespace {

TEST(RequestRules, IdsAndNamesAreShortAndPrintable) {
  EXPECT_TRUE(CheckRequestId("").ok());
  EXPECT_TRUE(CheckRequestId(std::string(128, 'x')).ok());
  EXPECT_FALSE(CheckRequestId(std::string(129, 'x')).ok());
  EXPECT_FALSE(CheckRequestId("a\nb").ok());
  EXPECT_FALSE(CheckTensorName("").ok());
  EXPECT_FALSE(CheckTensorName(std::string_view("a\0b", 3)).ok());
}

TEST(RequestRules, ReservedParametersAreRefused) {
  EXPECT_TRUE(CheckParameterKey("priority").ok());
  for (const std::string_view key : {"triton_x", "_x", "shared_memory_offset"})
    EXPECT_FALSE(CheckParameterKey(key).ok()) << key;
}

TEST(RequestRules, AShapeIsBounded) {
  EXPECT_EQ(CountElements({}).value(), 1U);
  EXPECT_EQ(CountElements({3, 0}).value(), 0U);
  EXPECT_FALSE(CountElements({-1}).ok());
  EXPECT_FALSE(CountElements({1 << 16, 1 << 16}).ok());
  EXPECT_FALSE(CountElements({std::int64_t{1} << 62, 4}).ok());
}

TEST(RequestRules, AVersionIsAPositiveIntegerInDigits) {
  EXPECT_EQ(ParseVersion("12").value(), 12);
  for (const std::string_view text : {"", "0", "-1", "01", "1a", "9223372036854775808"})
    EXPECT_FALSE(ParseVersion(text).ok()) << text;
}

TEST(RequestRules, OddAddressesAreCopied) {
  alignas(8) const std::byte bytes[9] = {};
  std::list<TensorBuffer> copies;
  const TensorView even{DType::kF32, {2}, std::span(bytes).first(8)};
  EXPECT_EQ(Aligned(even, copies).value().bytes.data(), even.bytes.data());
  const TensorView odd{DType::kF32, {2}, std::span(bytes).subspan(1)};
  EXPECT_NE(Aligned(odd, copies).value().bytes.data(), odd.bytes.data());
  EXPECT_EQ(copies.size(), 1U);
}

}  // namespace
}  // namespace slipway::serve
