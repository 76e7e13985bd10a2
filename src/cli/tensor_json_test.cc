#include "cli/tensor_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace slipway::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TensorSpec Spec(DType dtype) { return {.name = "x", .dtype = dtype, .shape = {-1, -1}}; }

Result<TensorBuffer> Read(DType dtype, std::string_view text) {
  SLIPWAY_TRY(const Json json, ParseJson(text));
  return TensorFromJson(Spec(dtype), json);
}

std::string Write(const TensorBuffer& tensor) { return DumpJson(TensorToJson(tensor.view())); }

TEST(TensorJson, NestedListsAreRowMajor) {
  Result<TensorBuffer> tensor = Read(DType::kF32, "[[1,2.5],[-3,4e2],[5,6]]");
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(tensor->shape(), (Shape{3, 2}));
  EXPECT_THAT(tensor->As<float>(), ElementsAre(1, 2.5F, -3, 400, 5, 6));
}

TEST(TensorJson, ANumberHasNoDimensionsAndAnEmptyListHasNoElements) {
  EXPECT_EQ(Read(DType::kF32, "7")->shape().rank(), 0U);
  EXPECT_EQ(Read(DType::kF32, "[]")->shape(), (Shape{0}));
  EXPECT_EQ(Read(DType::kF32, "[[],[]]")->shape(), (Shape{2, 0}));
}

TEST(TensorJson, WideIntegersKeepEveryDigit) {
  Result<TensorBuffer> signed_numbers =
      Read(DType::kI64, "[9223372036854775807,-9223372036854775808]");
  ASSERT_TRUE(signed_numbers.ok());
  EXPECT_THAT(signed_numbers->As<std::int64_t>(),
              ElementsAre(std::numeric_limits<std::int64_t>::max(),
                          std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(Write(*Read(DType::kU64, "[18446744073709551615]")), "[18446744073709551615]");
}

TEST(TensorJson, RefusesIntegersThatDoNotFit) {
  EXPECT_FALSE(Read(DType::kU64, "[-1]").ok());
  EXPECT_FALSE(Read(DType::kI64, "[9223372036854775808]").ok());
  EXPECT_FALSE(Read(DType::kI64, "[1.5]").ok());
  EXPECT_FALSE(Read(DType::kU8, "[256]").ok());
  EXPECT_FALSE(Read(DType::kI8, "[-129]").ok());
}

TEST(TensorJson, BooleansAreNumbersAndBack) {
  EXPECT_EQ(Write(*Read(DType::kBool, "[true,false,1,0]")), "[true,false,true,false]");
  EXPECT_EQ(Write(*Read(DType::kF32, "[true]")), "[1.0]");
}

TEST(TensorJson, StringsStayStrings) {
  EXPECT_EQ(Write(*Read(DType::kString, R"([["a","ü"],["","\n"]])")), R"([["a","ü"],["","\n"]])");
  EXPECT_FALSE(Read(DType::kString, "[1]").ok());
  EXPECT_FALSE(Read(DType::kF32, R"(["1"])").ok());
}

TEST(TensorJson, RaggedListsAreRefusedWithThePlace) {
  for (const char* text : {"[[1,2],[3]]", "[1,[2]]", "[[1],2]", "[[[1]],[2]]"}) {
    const Status status = Read(DType::kF32, text).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << text;
    EXPECT_THAT(status.message(), HasSubstr("ragged")) << text;
  }
}

TEST(TensorJson, NullsAndObjectsAreNoNumbers) {
  EXPECT_THAT(Read(DType::kF32, "[1,null]").status().message(), HasSubstr("element 1 is null"));
  EXPECT_FALSE(Read(DType::kF32, R"([{"a":1}])").ok());
}

TEST(TensorJson, MoreLevelsThanAShapeHasAreRefused) {
  const std::string deep = std::string(17, '[') + "1" + std::string(17, ']');
  EXPECT_THAT(Read(DType::kF32, deep).status().message(), HasSubstr("nested too deeply"));
}

TEST(TensorJson, FloatsArePrintedInTheirOwnShortestDigits) {
  EXPECT_EQ(Write(*Read(DType::kF32, "[0.1,16777216,1e-45]")), "[0.1,16777216.0,1e-45]");
  EXPECT_EQ(Write(*Read(DType::kF64, "[0.1]")), "[0.1]");
}

TEST(TensorJson, WhatJsonCannotSayIsNull) {
  std::vector<float> values = {NAN, INFINITY};
  const TensorView view{DType::kF32, {2}, std::as_bytes(std::span(values))};
  EXPECT_EQ(DumpJson(TensorToJson(view)), "[null,null]");
}

}  // namespace
}  // namespace slipway::cli
