#include "serve/grpc/body_forecast.h"

#include <gtest/gtest.h>

#include <string>

#include "inference.pb.h"
#include "serve/grpc/message_frame.h"
#include "tensorflow/serving.pb.h"

namespace slipway::serve::grpc {
namespace {

constexpr char kRawByte = '\x7f';

std::string InferBody(std::size_t raw_bytes) {
  inference::ModelInferRequest request;
  request.set_model_name("m");
  auto& input = *request.add_inputs();
  input.set_name("x");
  input.set_datatype("FP32");
  input.add_shape(static_cast<std::int64_t>(raw_bytes / 4));
  request.add_outputs()->set_name("y");
  request.add_raw_input_contents(std::string(raw_bytes, kRawByte));
  const std::string message = request.SerializeAsString();
  return MessagePrefix(false, static_cast<std::uint32_t>(message.size())) + message;
}

std::span<const std::byte> FirstOf(const std::string& body, std::size_t bytes) {
  return std::as_bytes(std::span(body)).first(bytes);
}

TEST(BodyForecast, ThePrefixTellsTheLength) {
  const std::string body = InferBody(100'000);
  EXPECT_EQ(ForecastMessage(FirstOf(body, 5)).bytes, body.size());
  EXPECT_EQ(ForecastInfer(FirstOf(body, 1000)).bytes, body.size());
  EXPECT_EQ(ForecastMessage(FirstOf(body, 4)).bytes, 0u);
  EXPECT_EQ(ForecastMessage({}).bytes, 0u);
}

TEST(BodyForecast, WhereTheFirstRawTensorBeginsIsSeenInWhatComesFirst) {
  for (const std::size_t raw_bytes : {0u, 4u, 100u, 16'000u, 100'000u}) {
    const std::string body = InferBody(raw_bytes);
    const std::size_t begin = body.size() - raw_bytes;
    for (const std::size_t seen : {begin, begin + raw_bytes / 2, body.size()}) {
      const auto offset = ForecastInfer(FirstOf(body, seen)).aligned_offset;
      ASSERT_TRUE(offset.has_value()) << raw_bytes << ' ' << seen;
      EXPECT_EQ(*offset, begin) << raw_bytes << ' ' << seen;
    }
    EXPECT_FALSE(ForecastInfer(FirstOf(body, begin - 1)).aligned_offset.has_value());
  }
}

std::string PredictBody(std::size_t content_bytes, std::size_t floats = 0) {
  tensorflow::serving::PredictRequest request;
  request.mutable_model_spec()->set_name("m");
  tensorflow::TensorProto& tensor = (*request.mutable_inputs())["x"];
  tensor.set_dtype(tensorflow::DT_FLOAT);
  tensor.mutable_tensor_shape()->add_dim()->set_size(
      static_cast<std::int64_t>(content_bytes / 4 + floats));
  if (content_bytes > 0) tensor.set_tensor_content(std::string(content_bytes, kRawByte));
  for (std::size_t i = 0; i < floats; ++i) tensor.add_float_val(1);
  const std::string message = request.SerializeAsString();
  return MessagePrefix(false, static_cast<std::uint32_t>(message.size())) + message;
}

TEST(BodyForecast, WhereTheFirstContentBeginsIsSeenInWhatComesFirst) {
  for (const std::size_t bytes : {4u, 100u, 16'000u, 100'000u}) {
    const std::string body = PredictBody(bytes);
    const std::size_t begin = body.size() - bytes;
    for (const std::size_t seen : {begin, begin + bytes / 2, body.size()})
      EXPECT_EQ(ForecastPredict(FirstOf(body, seen)).aligned_offset, begin) << bytes << ' ' << seen;
    EXPECT_FALSE(ForecastPredict(FirstOf(body, begin - 1)).aligned_offset.has_value());
    EXPECT_EQ(ForecastPredict(FirstOf(body, begin)).bytes, body.size());
  }
}

TEST(BodyForecast, ATensorWithoutContentIsAForecastOfItsLengthAlone) {
  const std::string body = PredictBody(0, 50);
  const net::BodyForecast forecast = ForecastPredict(FirstOf(body, body.size()));
  EXPECT_EQ(forecast.bytes, body.size());
  EXPECT_FALSE(forecast.aligned_offset.has_value());
  // What looks like a content beyond the end of the tensor is none.
  const std::string after = body + std::string("\x22\x04\0\0\0\0", 6);
  EXPECT_FALSE(ForecastPredict(FirstOf(after, after.size())).aligned_offset.has_value());
}

TEST(BodyForecast, BytesThatAreNoMessageAreAForecastOfNothing) {
  const std::string body = MessagePrefix(false, 3) + "\xff\xff\xff";
  EXPECT_FALSE(ForecastInfer(FirstOf(body, body.size())).aligned_offset.has_value());
  const std::string endless = MessagePrefix(false, 9) + "\x3a\xff\xff\xff\xff\xff\xff\xff\xff";
  EXPECT_FALSE(ForecastInfer(FirstOf(endless, endless.size())).aligned_offset.has_value());
}

}  // namespace
}  // namespace slipway::serve::grpc
