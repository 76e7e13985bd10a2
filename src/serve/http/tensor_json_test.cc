// TensorBuilder and TensorText: what one writes, the other reads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

#include "base/error_catalogue.h"
#include "serve/http/base64.h"
#include "serve/http/padded_text.h"
#include "serve/http/tensor_builder.h"
#include "serve/http/tensor_text.h"

namespace slipway::serve {
namespace {

using testing::HasSubstr;

constexpr TensorJsonRules kLenient{.non_finite = true, .base64 = true};

Status Append(TensorBuilder& builder, const std::string& text) {
  const PaddedText padded(text);
  std::list<std::string> arena;
  JsonReader reader(padded.text(), arena);
  SLIPWAY_RETURN_IF_ERROR(builder.Append(reader));
  return reader.Finish();
}

/// "[2,3] flat": the shape learned and the elements as they are written again.
std::string Through(DType dtype, const std::string& text, TensorJsonRules rules = {}) {
  TensorBuilder builder(dtype, rules);
  const Status status = Append(builder, text);
  if (!status.ok()) return status.ToString();
  std::string json = builder.row_shape().ToString() + " ";
  TensorText(builder.View(builder.row_shape())).AppendFlat(json);
  return json;
}

TEST(TensorBuilder, LearnsTheShapeFromTheBrackets) {
  EXPECT_EQ(Through(DType::kF32, "[1,2,3]"), "[3] [1.0,2.0,3.0]");
  EXPECT_EQ(Through(DType::kF32, " [ [ 1 , 2.5 ] , [ -3e2 , 4 ] ] "), "[2,2] [1.0,2.5,-300.0,4.0]");
  EXPECT_EQ(Through(DType::kI64, "[[[1]],[[2]]]"), "[2,1,1] [1,2]");
  EXPECT_EQ(Through(DType::kI32, "7"), "[] [7]");
  EXPECT_EQ(Through(DType::kF32, "[]"), "[0] []");
  EXPECT_EQ(Through(DType::kF32, "[[],[]]"), "[2,0] []");
  EXPECT_EQ(Through(DType::kBool, "[true, false]"), "[2] [true,false]");
  EXPECT_EQ(Through(DType::kString, R"([["a","\u0000b"],["","\"q\""]])"),
            R"([2,2] ["a","\u0000b","","\"q\""])");
  EXPECT_EQ(Through(DType::kF16, "[0.1,65504]"), "[2] [0.099975586,65504.0]");
}

// Bad input T3: lists of different lengths and values at different depths
TEST(TensorBuilder, RefusesRaggedLists) {
  EXPECT_THAT(Through(DType::kF32, "[[1,2],[3]]"), HasSubstr("lists of different lengths: 1"));
  EXPECT_THAT(Through(DType::kF32, "[[1,2],[3,4,5]]"),
              HasSubstr("3 elements here, 2 in the first"));
  for (const char* text : {"[[1],2]", "[1,[2]]", "[[1],[[2]]]", "[[[1]],[2]]", "[[],[1]]",
                           "[[1],[]]", "[[],1]", "[[\"a\"],\"b\"]"}) {
    TensorBuilder numbers(DType::kF32, {});
    EXPECT_FALSE(Append(numbers, text).ok()) << text;
    TensorBuilder strings(DType::kString, {});
    EXPECT_FALSE(Append(strings, text).ok()) << text;
  }
}

TEST(TensorBuilder, SaysWhichElementIsWrong) {
  EXPECT_EQ(Through(DType::kU8, "[[1,2],[3,256]]"),
            "\"256\" is not an integer within UINT8 (at /1/1)");
  EXPECT_EQ(Through(DType::kI32, "[1.0]"), "\"1.0\" is not an integer within INT32 (at /0)");
  EXPECT_EQ(Through(DType::kF32, "[1,\"x\"]"),
            "expected a number within FP32, got a string (at /1)");
  EXPECT_EQ(Through(DType::kBool, "[1]"), "\"1\" is not true or false (at /0)");
  EXPECT_EQ(Through(DType::kString, "[1]"), "\"1\" is not a string (at /0)");
  EXPECT_EQ(Through(DType::kF32, "[null]"), "expected a number within FP32, got null (at /0)");
}

// Bad input J3: numbers out of the range of the type, not finite ones without the rule
TEST(TensorBuilder, ChecksTheRangeOfEveryType) {
  const std::pair<DType, const char*> cases[] = {{DType::kU8, "-1"},
                                                 {DType::kI8, "128"},
                                                 {DType::kU16, "65536"},
                                                 {DType::kI16, "-32769"},
                                                 {DType::kU32, "4294967296"},
                                                 {DType::kI32, "2147483648"},
                                                 {DType::kU64, "-1"},
                                                 {DType::kU64, "18446744073709551616"},
                                                 {DType::kI64, "9223372036854775808"},
                                                 {DType::kF32, "1e39"},
                                                 {DType::kF64, "1e400"},
                                                 {DType::kF16, "65520"},
                                                 {DType::kBF16, "3.4e38"},
                                                 {DType::kF32, "NaN"},
                                                 {DType::kF64, "-Infinity"},
                                                 {DType::kI64, "-0"},
                                                 {DType::kF32, "01"},
                                                 {DType::kF32, "1."},
                                                 {DType::kF32, "0x1"}};
  for (const auto& [dtype, text] : cases) {
    TensorBuilder builder(dtype, {});
    EXPECT_FALSE(Append(builder, std::string("[") + text + "]").ok())
        << ShortName(dtype) << " " << text;
  }
  EXPECT_FALSE(Through(DType::kI32, "[NaN]", kLenient).starts_with("[1]"));
}

TEST(TensorBuilder, TakesBareWordsWhereTheRulesSaySo) {
  EXPECT_EQ(Through(DType::kF32, "[NaN, Infinity,-Infinity ]", kLenient),
            "[3] [NaN,Infinity,-Infinity]");
  EXPECT_EQ(Through(DType::kBF16, "[Infinity]", kLenient), "[1] [Infinity]");
}

TEST(TensorBuilder, ANegativeZeroStaysOneForFloats) {
  EXPECT_EQ(Through(DType::kF32, "[-0,-0.0]"), "[2] [-0.0,-0.0]");
}

TEST(TensorBuilder, TakesBase64WhereTheRulesSaySo) {
  EXPECT_EQ(Through(DType::kString, R"([{"b64":"YWJj"},"d"])", kLenient), R"([2] ["abc","d"])");
  for (const char* text : {R"([{"b64":"YWJ"}])", R"([{"b64":"YW=j"}])", R"([{"b65":"YWJj"}])",
                           R"([{}])", R"([{"b64":1}])", R"([{"b64":"YWJj","x":1}])"})
    EXPECT_THAT(Through(DType::kString, text, kLenient), HasSubstr("(at /")) << text;
  EXPECT_THAT(Through(DType::kString, R"([{"b64":"YWJj"}])"), HasSubstr("got an object"));
}

// Bad input T8: more strings than the limit
TEST(TensorBuilder, BoundsTheNumberOfStrings) {
  std::string text = "[\"\"";
  for (int i = 1; i < 1'000'000; ++i) text += ",\"\"";
  EXPECT_THAT(Through(DType::kString, text + "]"), HasSubstr("more than 500000 strings"));
}

// Bad input J1: numbers nested deeper than a tensor has dimensions
TEST(TensorBuilder, BoundsTheDepth) {
  EXPECT_THAT(Through(DType::kF32, std::string(17, '[') + "1" + std::string(17, ']')),
              HasSubstr("more than 16 nested lists"));
  EXPECT_THAT(Through(DType::kF32, std::string(1'000'000, '[')), HasSubstr("nested lists"));
}

// Bad input J5: a list that does not end
TEST(TensorBuilder, RefusesAListThatDoesNotEnd) {
  for (const char* text : {"[", "[1", "[1,", "[[1]", "[[1],", "[1 2]", "[1;2]", "[,1]", "[1,]",
                           "[1,,2]", "[-", "\"", "[tru"}) {
    TensorBuilder numbers(DType::kF32, {});
    EXPECT_FALSE(Append(numbers, text).ok()) << text;
    TensorBuilder truths(DType::kBool, {});
    EXPECT_FALSE(Append(truths, text).ok()) << text;
    TensorBuilder strings(DType::kString, {});
    EXPECT_FALSE(Append(strings, text).ok()) << text;
  }
}

TEST(TensorBuilder, AppendsRowsOfOneShape) {
  TensorBuilder builder(DType::kI32, {});
  ASSERT_TRUE(Append(builder, "[1,2]").ok());
  ASSERT_TRUE(Append(builder, "[3,4]").ok());
  EXPECT_EQ(builder.elements(), 4u);
  EXPECT_EQ(builder.row_shape(), Shape({2}));
  EXPECT_FALSE(Append(builder, "[5]").ok());
}

class EveryType : public testing::TestWithParam<DType> {};

TEST_P(EveryType, ReadsWhatItWrote) {
  std::mt19937 random(11);
  const Shape shape{3, 5, 7};
  TensorBuffer original = TensorBuffer::Allocate(GetParam(), shape).value();
  for (std::byte& byte : original.bytes())
    byte = static_cast<std::byte>(GetParam() == DType::kBool ? random() & 1 : random());
  for (const bool nested : {true, false}) {
    std::string text;
    const TensorText writer(original.view());
    nested ? writer.AppendNested(text) : writer.AppendFlat(text);
    TensorBuilder builder(GetParam(), kLenient);
    ASSERT_TRUE(Append(builder, text).ok());
    EXPECT_EQ(builder.row_shape(), nested ? shape : Shape({105}));
    // Values that are not numbers have many bit patterns and one word.
    const auto again = builder.View(shape);
    std::string rewritten;
    const TensorText second(again);
    nested ? second.AppendNested(rewritten) : second.AppendFlat(rewritten);
    EXPECT_EQ(rewritten, text);
    if (text.find("NaN") == std::string::npos) {
      EXPECT_EQ(std::memcmp(again.bytes.data(), original.bytes().data(), again.bytes.size()), 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Numeric, EveryType,
                         testing::Values(DType::kBool, DType::kU8, DType::kI8, DType::kU16,
                                         DType::kI16, DType::kU32, DType::kI32, DType::kU64,
                                         DType::kI64, DType::kF16, DType::kBF16, DType::kF32,
                                         DType::kF64),
                         [](const auto& info) { return std::string(ShortName(info.param)); });

TEST(TensorText, WritesRowsAndScalars) {
  TensorBuilder builder(DType::kF32, {});
  ASSERT_TRUE(Append(builder, "[[1,2],[3,4]]").ok());
  const TensorText text(builder.View({2, 2}));
  std::string row;
  text.AppendRow(row, 1);
  EXPECT_EQ(row, "[3.0,4.0]");
  std::string scalars;
  TensorText(builder.View({4})).AppendRow(scalars, 2);
  EXPECT_EQ(scalars, "3.0");
}

TEST(Base64, ReadsWhatItWrote) {
  std::mt19937 random(3);
  for (std::size_t size = 0; size < 40; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(random());
    std::string text;
    AppendBase64(text, bytes);
    EXPECT_EQ(DecodeBase64(text), bytes);
  }
  EXPECT_EQ(DecodeBase64("YQ=="), "a");
  for (const char* text : {"YR==", "Y===", "YQ=", "Y Q=", "YQ==YQ=="})
    EXPECT_EQ(DecodeBase64(text), std::nullopt) << text;
}

}  // namespace
}  // namespace slipway::serve
