#include "serve/remote/oip_codec.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"
#include "base/json.h"

namespace slipway::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kWanted[] = {"y"};
const std::vector<float> kPair = {1.5F, -2};
const std::string kPairBytes(reinterpret_cast<const char*>(kPair.data()), 8);

std::string Output(std::string_view name, std::string_view datatype, std::string_view shape,
                   std::size_t bytes) {
  return fmt::format(
      R"({{"outputs":[{{"name":"{}","datatype":"{}","shape":{},"parameters":{{"binary_data_size":{}}}}}]}})",
      name, datatype, shape, bytes);
}

Result<TensorBuffer> Decode(const std::string& json, const std::string& bytes) {
  SLIPWAY_TRY(std::vector<TensorBuffer> outputs, DecodeInfer(json + bytes, json.size(), kWanted));
  return std::move(outputs.at(0));
}

TEST(OipCodec, MetadataBecomesASignature) {
  const Result<Signature> signature = ParseModelMetadata(
      R"({"name":"m","versions":["1"],"inputs":[{"name":"x","datatype":"INT64","shape":[-1,3]}],
          "outputs":[{"name":"y","datatype":"BYTES","shape":[1]}]})");
  ASSERT_TRUE(signature.ok()) << signature.status().ToString();
  EXPECT_EQ(ToString(signature->inputs[0]), "x i64[N,3]");
  EXPECT_EQ(signature->outputs[0].dtype, DType::kString);
}

TEST(OipCodec, RefusesWhatIsNoMetadata) {
  for (const char* body :
       {"", "[]", "{}", R"({"inputs":[],"outputs":[]})", "<html>", R"({"inputs":{},"outputs":[]})",
        R"({"inputs":[],"outputs":[{"name":"y","datatype":"FP99","shape":[1]}]})",
        R"({"inputs":[],"outputs":[{"name":"y","datatype":"FP32","shape":["a"]}]})",
        R"({"inputs":[],"outputs":[{"name":1,"datatype":"FP32","shape":[1]}]})"}) {
    const Status status = ParseModelMetadata(body).status();
    EXPECT_EQ(status.code(), Code::kDataLoss) << body;
    EXPECT_FALSE(status.hint().empty());
  }
}

TEST(OipCodec, ARequestIsJsonAndTheTensorsBehindIt) {
  const TensorView view{DType::kF32, {1, 2}, std::as_bytes(std::span(kPair))};
  const std::vector<InferInput> inputs = {{.name = "x", .tensor = view}};
  const InferBody body = EncodeInfer(inputs, kWanted);
  EXPECT_THAT(body.tensors, ElementsAre(kPairBytes));
  const Result<Json> json = ParseJson(body.json);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["inputs"][0]["name"], "x");
  EXPECT_EQ((*json)["inputs"][0]["datatype"], "FP32");
  EXPECT_EQ((*json)["inputs"][0]["shape"], Json::array({1, 2}));
  EXPECT_EQ((*json)["inputs"][0]["parameters"]["binary_data_size"], 8);
  EXPECT_EQ((*json)["outputs"][0]["parameters"]["binary_data"], true);
}

TEST(OipCodec, AnOutputIsFoundBehindOthers) {
  const std::string json =
      R"({"outputs":[{"name":"a","datatype":"UINT8","shape":[3],"parameters":{"binary_data_size":3}},)"
      R"({"name":"y","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}]})";
  Result<TensorBuffer> tensor = Decode(json, "abc" + kPairBytes);
  ASSERT_TRUE(tensor.ok()) << tensor.status().ToString();
  EXPECT_EQ(tensor->shape(), (Shape{1, 2}));
  EXPECT_THAT(tensor->As<float>(), ElementsAre(1.5F, -2));
}

TEST(OipCodec, OutputsComeInTheOrderThatIsWanted) {
  const std::string json =
      R"({"outputs":[{"name":"a","datatype":"UINT8","shape":[3],"parameters":{"binary_data_size":3}},)"
      R"({"name":"y","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}]})";
  const std::string_view wanted[] = {"y", "a"};
  const auto outputs = DecodeInfer(json + "abc" + kPairBytes, json.size(), wanted);
  ASSERT_TRUE(outputs.ok()) << outputs.status().ToString();
  EXPECT_EQ(outputs->at(0).dtype(), DType::kF32);
  EXPECT_EQ(outputs->at(1).shape(), Shape{3});
}

TEST(OipCodec, RefusesOutputsThatContradictThemselves) {
  EXPECT_FALSE(Decode(Output("z", "FP32", "[1,2]", 8), kPairBytes).ok()) << "another name";
  EXPECT_FALSE(Decode(Output("y", "FP32", "[1,3]", 8), kPairBytes).ok()) << "another size";
  EXPECT_FALSE(Decode(Output("y", "FP32", "[-1,2]", 8), kPairBytes).ok()) << "no size";
  EXPECT_FALSE(Decode(Output("y", "FP32", "[1,2]", 9), kPairBytes).ok()) << "beyond the end";
  EXPECT_FALSE(Decode(Output("y", "FP32", "[4294967296,4294967296]", 8), kPairBytes).ok())
      << "an overflow";
  EXPECT_FALSE(DecodeInfer("{}", 3, kWanted).ok()) << "JSON beyond the end";
  EXPECT_THAT(Decode(R"({"outputs":[{"name":"y","datatype":"FP32","shape":[1],"data":[1]}]})", "")
                  .status()
                  .message(),
              HasSubstr("binary"));
}

net::HttpAnswer Answer(int status, std::string body) {
  return {.status = status, .headers = {}, .body = std::move(body)};
}

TEST(OipCodec, AnErrorSaysWhatTheServerSays) {
  EXPECT_TRUE(StatusOfAnswer(Answer(200, "")).ok());
  const Status status = StatusOfAnswer(Answer(404, R"({"error":"no model \u001b[31m"})"));
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(status.message(), "no model \\x1b[31m");
  EXPECT_EQ(StatusOfAnswer(Answer(401, "{}")).number(), errors::kKeyMissing);
  EXPECT_EQ(StatusOfAnswer(Answer(507, "{}")).number(), errors::kMemoryBudget);
  EXPECT_EQ(StatusOfAnswer(Answer(507, R"({"error":"x","code":"SLIPWAY-E3001"})")).number(),
            errors::kStoreFull);
  EXPECT_EQ(StatusOfAnswer(Answer(507, R"({"error":"x","code":"SLIPWAY-E9999"})")).number(),
            errors::kMemoryBudget);
  EXPECT_EQ(ExitCodeOf(StatusOfAnswer(Answer(503, ""))), ExitCode::kServerUnavailable);
  EXPECT_THAT(StatusOfAnswer(Answer(502, "<html>")).message(), HasSubstr("502"));
}

}  // namespace
}  // namespace slipway::serve
