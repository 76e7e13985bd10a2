#include "serve/remote/grpc_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inference.pb.h"

namespace slipway::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kWanted[] = {"y", "s"};
const std::vector<float> kPair = {1.5F, -2};
const std::string kPairBytes(reinterpret_cast<const char*>(kPair.data()), 8);
const std::string kWord("\3\0\0\0abc", 7);

/// What a server answers, as protobuf writes it.
inference::ModelInferResponse Answer() {
  inference::ModelInferResponse answer;
  answer.set_model_name("m");
  const auto add = [&](const char* name, const char* datatype, std::vector<std::int64_t> shape,
                       const std::string& bytes) {
    auto* output = answer.add_outputs();
    output->set_name(name);
    output->set_datatype(datatype);
    for (const std::int64_t dim : shape) output->add_shape(dim);
    answer.add_raw_output_contents(bytes);
  };
  add("s", "BYTES", {1}, kWord);
  add("other", "FP64", {70'000}, "not looked at");
  add("y", "FP32", {1, 2}, kPairBytes);
  return answer;
}

Result<std::vector<TensorBuffer>> Decode(const inference::ModelInferResponse& answer) {
  return DecodeModelInfer(answer.SerializeAsString(), kWanted);
}

TEST(GrpcCodec, ARequestIsWhatProtobufReads) {
  const std::vector<float> many(1000, 0.5F);
  const RemoteRequest request{
      .server = "far",
      .model = "m",
      .version = 3,
      .inputs = {{"x", {DType::kF32, {1, 2}, std::as_bytes(std::span(kPair))}},
                 {"many", {DType::kF32, {1000}, std::as_bytes(std::span(many))}},
                 {"scalar", {DType::kU8, {}, std::as_bytes(std::span(kWord).first(1))}}},
      .outputs = {"y", "s"},
      .deadline = {},
      .keeper = nullptr,
      .abandoned = nullptr};
  const WireWriter written = EncodeModelInfer(request);
  EXPECT_EQ(written.pieces().front().borrowed.data(), std::as_bytes(std::span(many)).data())
      << "large tensors stay where they are";
  inference::ModelInferRequest read;
  ASSERT_TRUE(read.ParseFromString(written.Joined()));
  EXPECT_EQ(read.model_name(), "m");
  EXPECT_EQ(read.model_version(), "3");
  ASSERT_EQ(read.inputs_size(), 3);
  EXPECT_EQ(read.inputs(0).datatype(), "FP32");
  EXPECT_THAT(read.inputs(0).shape(), ElementsAre(1, 2));
  EXPECT_EQ(read.inputs(2).shape_size(), 0);
  EXPECT_EQ(read.outputs(1).name(), "s");
  EXPECT_THAT(read.raw_input_contents(),
              ElementsAre(kPairBytes, std::string(reinterpret_cast<const char*>(many.data()), 4000),
                          std::string("\3")));
}

TEST(GrpcCodec, OutputsComeInTheOrderThatIsWanted) {
  Result<std::vector<TensorBuffer>> outputs = Decode(Answer());
  ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
  EXPECT_EQ(outputs->at(0).shape(), (Shape{1, 2}));
  EXPECT_THAT(outputs->at(0).As<float>(), ElementsAre(1.5F, -2));
  EXPECT_THAT(*UnpackStrings(outputs->at(1).view()), ElementsAre("abc"));
}

// Bad input R1: a remote step's server whose message contradicts itself, over gRPC
TEST(GrpcCodec, RefusesOutputsThatContradictThemselves) {
  struct Case {
    const char* what;
    std::function<void(inference::ModelInferResponse&)> spoil;
  };
  const Case cases[] = {
      {"another name", [](auto& answer) { answer.mutable_outputs(2)->set_name("z"); }},
      {"an unknown type", [](auto& answer) { answer.mutable_outputs(2)->set_datatype("FP99"); }},
      {"another size", [](auto& answer) { answer.mutable_outputs(2)->set_shape(1, 3); }},
      {"no size", [](auto& answer) { answer.mutable_outputs(2)->set_shape(0, -1); }},
      {"a negative size", [](auto& answer) { answer.mutable_outputs(2)->set_shape(0, -9); }},
      {"an overflow", [](auto& answer) { answer.mutable_outputs(2)->set_shape(0, 1LL << 62); }},
      {"a rank that none has",
       [](auto& answer) {
         for (int i = 0; i < 20; ++i) answer.mutable_outputs(2)->add_shape(1);
       }},
      {"broken strings", [](auto& answer) { answer.set_raw_output_contents(0, "abc"); }},
      {"typed values", [](auto& answer) { answer.clear_raw_output_contents(); }},
      {"too few values", [](auto& answer) { answer.mutable_raw_output_contents()->RemoveLast(); }},
  };
  for (const Case& each : cases) {
    inference::ModelInferResponse answer = Answer();
    each.spoil(answer);
    const Status status = Decode(answer).status();
    EXPECT_EQ(status.code(), Code::kDataLoss) << each.what;
    EXPECT_THAT(status.message(), HasSubstr("Open Inference Protocol")) << each.what;
  }
  EXPECT_FALSE(DecodeModelInfer("\xff\xff", kWanted).ok());
  EXPECT_FALSE(DecodeModelInfer(Answer().SerializeAsString().substr(0, 50), kWanted).ok());
}

TEST(GrpcCodec, AnAnswerIsOneMessageThatIsNotCompressed) {
  EXPECT_EQ(*OnlyMessage(MessagePrefix(3) + "abc"), "abc");
  EXPECT_EQ(*OnlyMessage(MessagePrefix(0)), "");
  EXPECT_EQ(MessagePrefix(0x01020304), std::string("\0\1\2\3\4", 5));
  for (const std::string& body :
       {std::string(), MessagePrefix(3) + "ab", MessagePrefix(3) + "abcd",
        MessagePrefix(0) + MessagePrefix(0), std::string("\1\0\0\0\0", 5), std::string(4, '\0')})
    EXPECT_EQ(OnlyMessage(body).status().code(), Code::kDataLoss) << testing::PrintToString(body);
}

}  // namespace
}  // namespace slipway::serve
