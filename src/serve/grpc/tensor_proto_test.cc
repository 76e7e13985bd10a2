#include "serve/grpc/tensor_proto.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_catalogue.h"
#include "tensorflow/tensor.pb.h"

namespace slipway::serve::grpc {
namespace {

using Proto = tensorflow::TensorProto;

constexpr std::uint64_t kMostBytes = 1 << 16;

Proto Of(tensorflow::DataType dtype, const std::vector<std::int64_t>& dims) {
  Proto proto;
  proto.set_dtype(dtype);
  for (const std::int64_t dim : dims) proto.mutable_tensor_shape()->add_dim()->set_size(dim);
  return proto;
}

/// One tensor read, with what it lies in.
struct Read {
  explicit Read(const Proto& proto) : Read(proto.SerializeAsString()) {}
  explicit Read(std::string the_bytes)
      : bytes(std::move(the_bytes)),
        tensor(ReadTensorProto(std::as_bytes(std::span(bytes)), kMostBytes, memory)) {}

  template <class T>
  std::vector<T> Values() const {
    const auto values = tensor->As<T>();
    return {values.begin(), values.end()};
  }
  std::string Error() const { return tensor.ok() ? "" : tensor.status().ToString(); }

  std::string bytes;
  std::list<TensorBuffer> memory;
  Result<TensorView> tensor;
};

TEST(TensorProto, TypedValuesOfEveryType) {
  Proto floats = Of(tensorflow::DT_FLOAT, {2});
  floats.add_float_val(1.5F);
  floats.add_float_val(-2);
  EXPECT_EQ(Read(floats).Values<float>(), (std::vector<float>{1.5F, -2}));
  Proto doubles = Of(tensorflow::DT_DOUBLE, {});
  doubles.add_double_val(0.1);
  EXPECT_EQ(Read(doubles).Values<double>(), std::vector<double>{0.1});
  Proto small = Of(tensorflow::DT_INT8, {2});
  small.add_int_val(-128);
  small.add_int_val(127);
  EXPECT_EQ(Read(small).Values<std::int8_t>(), (std::vector<std::int8_t>{-128, 127}));
  Proto bytes = Of(tensorflow::DT_UINT8, {1});
  bytes.add_int_val(255);
  EXPECT_EQ(Read(bytes).Values<std::uint8_t>(), std::vector<std::uint8_t>{255});
  Proto longs = Of(tensorflow::DT_INT64, {1});
  longs.add_int64_val(-5'000'000'000);
  EXPECT_EQ(Read(longs).Values<std::int64_t>(), std::vector<std::int64_t>{-5'000'000'000});
  Proto naturals = Of(tensorflow::DT_UINT64, {1});
  naturals.add_uint64_val(~std::uint64_t{0});
  EXPECT_EQ(Read(naturals).Values<std::uint64_t>(), std::vector<std::uint64_t>{~std::uint64_t{0}});
  Proto truths = Of(tensorflow::DT_BOOL, {2});
  truths.add_bool_val(true);
  truths.add_bool_val(false);
  EXPECT_EQ(Read(truths).Values<std::uint8_t>(), (std::vector<std::uint8_t>{1, 0}));
  for (const auto type : {tensorflow::DT_HALF, tensorflow::DT_BFLOAT16}) {
    Proto halves = Of(type, {1});
    halves.add_half_val(0xBC00);
    EXPECT_EQ(Read(halves).Values<std::uint16_t>(), std::vector<std::uint16_t>{0xBC00});
  }
  Proto texts = Of(tensorflow::DT_STRING, {2});
  texts.add_string_val("a");
  texts.add_string_val(std::string("\0\xFF", 2));
  const Read read(texts);
  EXPECT_EQ(UnpackStrings(*read.tensor).value(),
            (std::vector<std::string_view>{"a", std::string_view("\0\xFF", 2)}));
}

TEST(TensorProto, ContentIsViewedWhereItLies) {
  Proto proto = Of(tensorflow::DT_UINT8, {3});
  proto.set_tensor_content("abc");
  const Read read(proto);
  ASSERT_TRUE(read.tensor.ok());
  const auto* const at = reinterpret_cast<const char*>(read.tensor->bytes.data());
  EXPECT_EQ(at, read.bytes.data() + read.bytes.find("abc"));
  EXPECT_TRUE(read.memory.empty());
}

TEST(TensorProto, TheLastValueIsRepeated) {
  Proto one = Of(tensorflow::DT_FLOAT, {2, 2});
  one.add_float_val(7);
  EXPECT_EQ(Read(one).Values<float>(), std::vector<float>(4, 7));
  one.add_float_val(8);
  EXPECT_EQ(Read(one).Values<float>(), (std::vector<float>{7, 8, 8, 8}));
  EXPECT_EQ(Read(Of(tensorflow::DT_INT32, {2})).Values<std::int32_t>(),
            (std::vector<std::int32_t>{0, 0}));
  Proto texts = Of(tensorflow::DT_STRING, {2});
  texts.add_string_val("x");
  EXPECT_EQ(UnpackStrings(*Read(texts).tensor).value(), (std::vector<std::string_view>{"x", "x"}));
}

// Bad input G11: a few bytes that stand for gigabytes, in a tensor that repeats its last value
TEST(TensorProto, WhatIsRepeatedIsBounded) {
  Proto huge = Of(tensorflow::DT_FLOAT, {1 << 20});
  huge.add_float_val(1);
  EXPECT_EQ(Read(huge).tensor.status().number(), errors::kBodyTooLarge);
  Proto texts = Of(tensorflow::DT_STRING, {100'000});
  texts.add_string_val(std::string(1000, 'x'));
  EXPECT_FALSE(Read(texts).tensor.ok());
  EXPECT_FALSE(Read(Of(tensorflow::DT_STRING, {1 << 30})).tensor.ok());
  EXPECT_FALSE(Read(Of(tensorflow::DT_FLOAT, {1 << 30, 1 << 30, 1 << 30})).tensor.ok());
}

TEST(TensorProto, WhatDoesNotFitIsRefused) {
  Proto many = Of(tensorflow::DT_FLOAT, {1});
  many.add_float_val(1);
  many.add_float_val(2);
  EXPECT_EQ(Read(many).tensor.status().number(), errors::kTensorDataMismatch);
  Proto content = Of(tensorflow::DT_FLOAT, {2});
  content.set_tensor_content("1234567");
  EXPECT_EQ(Read(content).tensor.status().number(), errors::kTensorDataMismatch);
  Proto other = Of(tensorflow::DT_FLOAT, {1});
  other.add_double_val(1);
  EXPECT_NE(Read(other).Error().find("float_val"), std::string::npos);
  Proto range = Of(tensorflow::DT_INT8, {1});
  range.add_int_val(128);
  EXPECT_FALSE(Read(range).tensor.ok());
  EXPECT_FALSE(Read(Of(tensorflow::DT_COMPLEX64, {1})).tensor.ok());
  EXPECT_FALSE(Read(Of(tensorflow::DT_FLOAT, {-1})).tensor.ok());
  EXPECT_FALSE(Read(Proto()).tensor.ok());
  Proto unknown;
  unknown.set_dtype(tensorflow::DT_FLOAT);
  unknown.mutable_tensor_shape()->set_unknown_rank(true);
  EXPECT_FALSE(Read(unknown).tensor.ok());
  Proto text = Of(tensorflow::DT_STRING, {1});
  text.set_tensor_content("\1a");
  EXPECT_NE(Read(text).Error().find("string_val"), std::string::npos);
}

// Bad input G11: bytes that are no tensor
TEST(TensorProto, BrokenBytesAreRefused) {
  const std::string deep(100, '\x12');
  for (const std::string& bytes : {std::string("\x08"), std::string("\x08\x01\x12\xff"), deep,
                                   std::string("\x08\x01\x2a\x03\x00\x00\x00", 7)})
    EXPECT_EQ(Read(bytes).tensor.status().code(), Code::kInvalidArgument);
}

TEST(TensorProto, WritesWhatProtobufReads) {
  for (const auto& [dtype, value] :
       {std::pair{DType::kI8, -1}, {DType::kI32, -7}, {DType::kU8, 200}, {DType::kI16, -300}}) {
    const std::vector<std::int64_t> wide(2, value);
    const TensorBuffer tensor =
        ConvertTensor({DType::kI64, Shape{2}, std::as_bytes(std::span(wide))}, dtype).value();
    Proto proto;
    ASSERT_TRUE(proto.ParseFromString(WriteTensorProto(tensor.view()).Joined()));
    EXPECT_EQ(proto.int_val_size(), 2);
    EXPECT_EQ(proto.int_val(1), value);
    EXPECT_EQ(proto.tensor_shape().dim(0).size(), 2);
  }
  const std::vector<float> floats(1000, 0.5F);
  Proto proto;
  ASSERT_TRUE(proto.ParseFromString(
      WriteTensorProto({DType::kF32, Shape{10, 100}, std::as_bytes(std::span(floats))}).Joined()));
  EXPECT_EQ(proto.dtype(), tensorflow::DT_FLOAT);
  EXPECT_EQ(proto.float_val_size(), 1000);
  EXPECT_EQ(proto.float_val(999), 0.5F);
}

}  // namespace
}  // namespace slipway::serve::grpc
