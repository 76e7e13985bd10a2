#include "tensor/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace slipway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class T>
TensorView View(DType dtype, const std::vector<T>& values) {
  return {dtype, Shape{static_cast<std::int64_t>(values.size())}, std::as_bytes(std::span(values))};
}

TEST(ByteSize, CountsPackedBits) {
  EXPECT_EQ(ByteSize(DType::kF32, Shape{2, 3}), 24U);
  EXPECT_EQ(ByteSize(DType::kF64, Shape{}), 8U);
  EXPECT_EQ(ByteSize(DType::kI4, Shape{3}), 2U);
  EXPECT_EQ(ByteSize(DType::kString, Shape{3}), std::nullopt);
  EXPECT_EQ(ByteSize(DType::kF32, Shape{-1}), std::nullopt);
}

// Bad input T1: a byte count that wraps 64 bits is none, also where the element count fits
TEST(ByteSize, SaysOverflow) {
  EXPECT_EQ(ByteSize(DType::kF32, Shape{4, (std::int64_t{1} << 60) + 2}), std::nullopt);
}

TEST(TensorBuffer, IsAlignedForVectors) {
  const TensorBuffer buffer = TensorBuffer::Allocate(DType::kU8, Shape{3}).value();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.bytes().data()) % 64, 0U);
  EXPECT_EQ(buffer.bytes().size(), 3U);
}

TEST(TensorBuffer, RefusesWhatHasNoSize) {
  EXPECT_EQ(TensorBuffer::Allocate(DType::kString, Shape{1}).status().code(),
            Code::kInvalidArgument);
  EXPECT_EQ(TensorBuffer::Allocate(DType::kF32, Shape{-1}).status().code(), Code::kInvalidArgument);
}

TEST(TensorBuffer, SaysThatMemoryCannotBeHad) {
  const Status status =
      TensorBuffer::Allocate(DType::kF32, Shape{std::int64_t{1} << 60, 16}).status();
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_THAT(status.message(), HasSubstr("f32[1152921504606846976,16]"));
}

TEST(TensorBuffer, GivesAdoptedBytesBackOnce) {
  int given_back = 0;
  std::byte bytes[4] = {};
  {
    TensorBuffer buffer = TensorBuffer::Adopt(DType::kF32, Shape{}, bytes, [&] { ++given_back; });
    TensorBuffer moved = std::move(buffer);
    TensorBuffer assigned;
    assigned = std::move(moved);
    EXPECT_EQ(assigned.bytes().data(), bytes);
    EXPECT_EQ(given_back, 0);
  }
  EXPECT_EQ(given_back, 1);
}

TEST(Strings, UnpackAsTheyWerePacked) {
  const std::string_view words[] = {"", "two words", std::string_view("\0\xff", 2)};
  const TensorBuffer packed = TensorBuffer::FromStrings(Shape{3, 1}, words).value();
  EXPECT_EQ(packed.bytes().size(), 3 * 4 + 9 + 2U);
  EXPECT_THAT(*UnpackStrings(packed.view()), ElementsAre(words[0], words[1], words[2]));
}

TEST(Strings, MustFillTheShape) {
  const std::string_view words[] = {"a"};
  EXPECT_EQ(TensorBuffer::FromStrings(Shape{2}, words).status().message(),
            "1 strings do not fill the shape [2]");
}

Status Unpack(const std::string& bytes, const Shape& shape) {
  return UnpackStrings({DType::kString, shape, std::as_bytes(std::span(bytes))}).status();
}

// Bad input T5: a string that reaches past the end, is cut or leaves bytes over names its element
TEST(Strings, NameTheElementThatIsWrong) {
  const std::string one("\1\0\0\0a", 5);
  EXPECT_TRUE(Unpack(one, Shape{1}).ok());
  EXPECT_THAT(Unpack(one + std::string("\2\0\0\0b", 5), Shape{2}).message(),
              HasSubstr("string element 1 reaches past the end"));
  EXPECT_THAT(Unpack(std::string("\xff\xff\xff\xff", 4), Shape{1}).message(),
              HasSubstr("string element 0"));
  EXPECT_THAT(Unpack(one + "\1", Shape{2}).message(), HasSubstr("string element 1"));
  EXPECT_THAT(Unpack(one + one, Shape{1}).message(),
              HasSubstr("5 bytes are left over after the 1 strings"));
  EXPECT_EQ(Unpack(one, Shape{2}).message(), "1 strings do not fill the shape [2]");
}

// Bad input T8: more empty strings than the shape has are not even listed
TEST(Strings, StopAtTheShape) {
  EXPECT_THAT(Unpack(std::string(4'000'000, '\0'), Shape{3}).message(), HasSubstr("left over"));
}

TEST(ToDoubles, ReadsEveryServableNumber) {
  EXPECT_THAT(*ToDoubles(View<std::int8_t>(DType::kI8, {-1, 127})), ElementsAre(-1, 127));
  EXPECT_THAT(*ToDoubles(View<std::uint8_t>(DType::kBool, {0, 1, 2})), ElementsAre(0, 1, 1));
  EXPECT_THAT(*ToDoubles(View<std::uint16_t>(DType::kF16, {0x3c00})), ElementsAre(1));
  EXPECT_THAT(*ToDoubles(View<std::uint16_t>(DType::kBF16, {0x3f80})), ElementsAre(1));
}

TEST(ToDoubles, RefusesTextAndBytesThatAreNoTensor) {
  const std::string_view words[] = {"a"};
  EXPECT_EQ(ToDoubles(TensorBuffer::FromStrings(Shape{1}, words).value().view()).status().code(),
            Code::kInvalidArgument);
  const std::vector<float> values = {1, 2};
  EXPECT_EQ(ToDoubles({DType::kF32, Shape{std::int64_t{1} << 40}, std::as_bytes(std::span(values))})
                .status()
                .code(),
            Code::kInvalidArgument);
}

TEST(ConvertTensor, CastsAsCppDoes) {
  const std::vector<float> values = {-1.9F, 0, 2.5F};
  const TensorBuffer integers = ConvertTensor(View(DType::kF32, values), DType::kI32).value();
  EXPECT_THAT(integers.view().As<std::int32_t>(), ElementsAre(-1, 0, 2));
  const TensorBuffer flags = ConvertTensor(View(DType::kF32, values), DType::kBool).value();
  EXPECT_THAT(flags.view().As<std::uint8_t>(), ElementsAre(1, 0, 1));
}

TEST(ConvertTensor, GoesThroughHalves) {
  const std::vector<double> values = {1, -2, 65520};
  const TensorBuffer halves = ConvertTensor(View(DType::kF64, values), DType::kF16).value();
  EXPECT_THAT(halves.view().As<std::uint16_t>(), ElementsAre(0x3c00, 0xc000, 0x7c00));
  EXPECT_THAT(*ToDoubles(ConvertTensor(halves.view(), DType::kBF16).value().view()),
              ElementsAre(1, -2, std::numeric_limits<double>::infinity()));
}

struct OutOfRangeCase {
  double value;
  DType to;
};

TEST(ConvertTensor, NamesTheElementThatDoesNotFit) {
  const OutOfRangeCase cases[] = {{256, DType::kU8},
                                  {-1, DType::kU64},
                                  {-129, DType::kI8},
                                  {9223372036854775808.0, DType::kI64},
                                  {18446744073709551616.0, DType::kU64},
                                  {std::nan(""), DType::kI32},
                                  {std::numeric_limits<double>::infinity(), DType::kI32}};
  for (const OutOfRangeCase& one : cases) {
    const std::vector<double> values = {0, one.value};
    const Status status = ConvertTensor(View(DType::kF64, values), one.to).status();
    EXPECT_EQ(status.code(), Code::kOutOfRange) << one.value;
    EXPECT_THAT(status.message(), HasSubstr("element 1"));
  }
}

TEST(ConvertTensor, TakesTheEdgesOfARange) {
  const std::vector<double> values = {-9223372036854775808.0, -0.9, 255.9};
  EXPECT_TRUE(ConvertTensor(View(DType::kF64, values), DType::kI64).ok());
  EXPECT_EQ(ConvertTensor(View<double>(DType::kF64, {255.9}), DType::kU8)->bytes()[0],
            std::byte{255});
}

TEST(ConvertTensor, RefusesBytesThatAreNoTensorOfTheirShape) {
  const std::vector<float> values = {1, 2};
  const TensorView view{DType::kF32, Shape{1}, std::as_bytes(std::span(values))};
  EXPECT_EQ(ConvertTensor(view, DType::kF64).status().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace slipway
