// TensorFlow Serving's gRPC services.
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

#include "serve/grpc/grpc_world.h"
#include "tensorflow/serving.pb.h"

namespace slipway::serve::grpc {
namespace {

namespace pb = tensorflow::serving;

constexpr std::string_view kPrediction = "/tensorflow.serving.PredictionService/";
constexpr std::string_view kModels = "/tensorflow.serving.ModelService/";

template <class Message>
RpcAnswer Ask(RpcWorld& world, std::string_view service, std::string_view method,
              const Message& message) {
  return world.AskRaw(RpcWorld::Head(std::string(service) + std::string(method)),
                      RpcWorld::Framed(message.SerializeAsString()));
}

template <class Message>
Message Read(const RpcAnswer& answer) {
  EXPECT_EQ(answer.status, "0") << answer.message;
  Message message;
  EXPECT_TRUE(answer.body.size() >= kPrefixBytes &&
              message.ParseFromString(std::string(answer.Payload())));
  return message;
}

pb::PredictRequest Rows(const std::string& model, int rows) {
  pb::PredictRequest request;
  request.mutable_model_spec()->set_name(model);
  tensorflow::TensorProto& tensor = (*request.mutable_inputs())["x"];
  tensor.set_dtype(tensorflow::DT_FLOAT);
  tensor.mutable_tensor_shape()->add_dim()->set_size(rows);
  tensor.mutable_tensor_shape()->add_dim()->set_size(3);
  for (int i = 0; i < rows * 3; ++i) tensor.add_float_val(static_cast<float>(i));
  return request;
}

template <class Request>
Request Examples(const std::string& model, const std::vector<std::vector<float>>& rows) {
  Request request;
  request.mutable_model_spec()->set_name(model);
  for (const std::vector<float>& row : rows) {
    tensorflow::Example& example = *request.mutable_input()->mutable_example_list()->add_examples();
    tensorflow::Feature& feature = (*example.mutable_features()->mutable_feature())["x"];
    for (const float value : row) feature.mutable_float_list()->add_value(value);
  }
  return request;
}

TEST(TfsGrpcPredict, AnswersWithTypedValuesAndTheModel) {
  RpcWorld world;
  const auto answer = Read<pb::PredictResponse>(Ask(world, kPrediction, "Predict", Rows("row", 2)));
  const tensorflow::TensorProto& tensor = answer.outputs().at("out_x");
  EXPECT_EQ(tensor.dtype(), tensorflow::DT_FLOAT);
  EXPECT_EQ(tensor.tensor_shape().dim(0).size(), 2);
  EXPECT_EQ(tensor.float_val_size(), 6);
  EXPECT_EQ(tensor.float_val(5), 5.0F);
  EXPECT_EQ(answer.model_spec().name(), "row");
  EXPECT_EQ(answer.model_spec().version().value(), 2);
  EXPECT_EQ(answer.model_spec().signature_name(), "serving_default");
}

TEST(TfsGrpcPredict, TakesAVersionAFilterAndTheSignature) {
  RpcWorld world;
  pb::PredictRequest request = Rows("row", 1);
  request.mutable_model_spec()->mutable_version()->set_value(1);
  request.mutable_model_spec()->set_signature_name("serving_default");
  request.add_output_filter("out_x");
  const auto answer = Read<pb::PredictResponse>(Ask(world, kPrediction, "Predict", request));
  EXPECT_EQ(answer.model_spec().version().value(), 1);
  request.add_output_filter("out_x");
  EXPECT_EQ(Ask(world, kPrediction, "Predict", request).status, "3");
  request.clear_output_filter();
  request.add_output_filter("nothing");
  EXPECT_EQ(Ask(world, kPrediction, "Predict", request).status, "3");
  request.clear_output_filter();
  request.mutable_model_spec()->mutable_version()->set_value(9);
  EXPECT_EQ(Ask(world, kPrediction, "Predict", request).status, "5");
  request.mutable_model_spec()->clear_version();
  request.mutable_model_spec()->set_signature_name("other");
  EXPECT_EQ(Ask(world, kPrediction, "Predict", request).status, "3");
}

TEST(TfsGrpcPredict, ErrorsHaveTheCodesThatClientsKnow) {
  RpcWorld world;
  EXPECT_EQ(Ask(world, kPrediction, "Predict", Rows("nothing", 1)).status, "5");
  EXPECT_EQ(Ask(world, kPrediction, "Predict", pb::PredictRequest()).status, "3");
  pb::PredictRequest missing = Rows("row", 1);
  missing.clear_inputs();
  EXPECT_EQ(Ask(world, kPrediction, "Predict", missing).status, "3");
  pb::PredictRequest wrong = Rows("row", 1);
  (*wrong.mutable_inputs())["x"].set_dtype(tensorflow::DT_DOUBLE);
  const RpcAnswer answer = Ask(world, kPrediction, "Predict", wrong);
  EXPECT_EQ(answer.status, "3");
  EXPECT_NE(answer.message.find("inputs["), std::string::npos) << answer.message;
}

TEST(TfsGrpcPredict, StringsAndScalars) {
  RpcWorld world;
  pb::PredictRequest request;
  request.mutable_model_spec()->set_name("scalar");
  tensorflow::TensorProto& tensor = (*request.mutable_inputs())["x"];
  tensor.set_dtype(tensorflow::DT_DOUBLE);
  tensor.mutable_tensor_shape();
  tensor.add_double_val(2.5);
  const auto answer = Read<pb::PredictResponse>(Ask(world, kPrediction, "Predict", request));
  EXPECT_EQ(answer.outputs().at("out_x").double_val(0), 2.5);
  EXPECT_EQ(answer.outputs().at("out_x").tensor_shape().dim_size(), 0);
  pb::PredictRequest words;
  words.mutable_model_spec()->set_name("each_BYTES");
  tensorflow::TensorProto& text = (*words.mutable_inputs())["x"];
  text.set_dtype(tensorflow::DT_STRING);
  text.mutable_tensor_shape()->add_dim()->set_size(2);
  text.add_string_val("one");
  const auto echoed = Read<pb::PredictResponse>(Ask(world, kPrediction, "Predict", words));
  EXPECT_EQ(echoed.outputs().at("out_x").string_val_size(), 2);
  EXPECT_EQ(echoed.outputs().at("out_x").string_val(1), "one");
}

TEST(TfsGrpcClassify, GivesLabelsAndScores) {
  RpcWorld world;
  const auto request = Examples<pb::ClassificationRequest>("scores", {{1, 2}, {4, 3}});
  const auto answer =
      Read<pb::ClassificationResponse>(Ask(world, kPrediction, "Classify", request));
  ASSERT_EQ(answer.result().classifications_size(), 2);
  EXPECT_EQ(answer.result().classifications(1).classes(0).label(), "cat");
  EXPECT_EQ(answer.result().classifications(1).classes(0).score(), 4.0F);
  EXPECT_EQ(answer.model_spec().name(), "scores");
}

TEST(TfsGrpcClassify, ExamplesMustBeWhole) {
  RpcWorld world;
  const auto code = [&](const pb::ClassificationRequest& request) {
    return Ask(world, kPrediction, "Classify", request).status;
  };
  auto request = Examples<pb::ClassificationRequest>("scores", {});
  EXPECT_EQ(code(request), "3");
  request = Examples<pb::ClassificationRequest>("scores", {{1, 2}, {1}});
  EXPECT_EQ(code(request), "3");
  request = Examples<pb::ClassificationRequest>("scores", {{1, 2, 3}});
  EXPECT_EQ(code(request), "3");
  auto& features = *request.mutable_input()->mutable_example_list()->mutable_examples(0);
  (*features.mutable_features()->mutable_feature())["y"].mutable_float_list()->add_value(1);
  EXPECT_EQ(code(request), "3");
  request.mutable_input()->mutable_example_list()->mutable_examples(0)->Clear();
  EXPECT_EQ(code(request), "3");
}

TEST(TfsGrpcRegress, GivesOneNumberForEachExample) {
  RpcWorld world;
  EXPECT_EQ(Ask(world, kPrediction, "Regress", Examples<pb::RegressionRequest>("scores", {{1, 2}}))
                .status,
            "3");
  const auto answer = Read<pb::RegressionResponse>(Ask(
      world, kPrediction, "Regress", Examples<pb::RegressionRequest>("each_FP32", {{1}, {2.5F}})));
  ASSERT_EQ(answer.result().regressions_size(), 2);
  EXPECT_EQ(answer.result().regressions(1).value(), 2.5F);
}

TEST(TfsGrpcMetadata, GivesTheSignature) {
  RpcWorld world;
  pb::GetModelMetadataRequest request;
  request.mutable_model_spec()->set_name("row");
  EXPECT_EQ(Ask(world, kPrediction, "GetModelMetadata", request).status, "3");
  request.add_metadata_field("signature_def");
  const auto answer =
      Read<pb::GetModelMetadataResponse>(Ask(world, kPrediction, "GetModelMetadata", request));
  EXPECT_EQ(answer.model_spec().version().value(), 2);
  pb::SignatureDefMap map;
  ASSERT_TRUE(answer.metadata().at("signature_def").UnpackTo(&map));
  const tensorflow::SignatureDef& definition = map.signature_def().at("serving_default");
  EXPECT_EQ(definition.method_name(), "tensorflow/serving/predict");
  EXPECT_EQ(definition.inputs().at("x").dtype(), tensorflow::DT_FLOAT);
  EXPECT_EQ(definition.inputs().at("x").tensor_shape().dim(0).size(), -1);
  request.add_metadata_field("other");
  EXPECT_EQ(Ask(world, kPrediction, "GetModelMetadata", request).status, "3");
}

TEST(TfsGrpcStatus, TellsTheStateOfEveryVersion) {
  RpcWorld world;
  pb::GetModelStatusRequest request;
  request.mutable_model_spec()->set_name("row");
  auto answer = Read<pb::GetModelStatusResponse>(Ask(world, kModels, "GetModelStatus", request));
  ASSERT_EQ(answer.model_version_status_size(), 2);
  EXPECT_EQ(answer.model_version_status(0).state(), pb::ModelVersionStatus::AVAILABLE);
  EXPECT_EQ(answer.model_version_status(0).status().error_code(), 0);
  request.mutable_model_spec()->mutable_version()->set_value(2);
  answer = Read<pb::GetModelStatusResponse>(Ask(world, kModels, "GetModelStatus", request));
  EXPECT_EQ(answer.model_version_status_size(), 1);
  request.mutable_model_spec()->set_name("nothing");
  EXPECT_EQ(Ask(world, kModels, "GetModelStatus", request).status, "5");
}

TEST(TfsGrpc, WhatIsNotServedIsRefusedByName) {
  RpcWorld world;
  EXPECT_EQ(Ask(world, kPrediction, "MultiInference", pb::MultiInferenceRequest()).Line(),
            "12 call Predict, Classify or Regress for each task");
}

pb::ReloadConfigRequest ListOfOne() {
  pb::ReloadConfigRequest request;
  pb::ModelConfig& model = *request.mutable_config()->mutable_model_config_list()->add_config();
  model.set_name("iris");
  model.set_base_path("/models/iris");
  model.mutable_model_version_policy()->mutable_specific()->add_versions(2);
  (*model.mutable_version_labels())["stable"] = 2;
  return request;
}

RpcAnswer Reload(RpcWorld& world, const pb::ReloadConfigRequest& request) {
  net::RequestHead head =
      RpcWorld::Head(std::string(kModels) + "HandleReloadConfigRequest",
                     {{"authorization", "Bearer " + std::string(RpcWorld::kKey)}});
  return world.AskRaw(std::move(head), RpcWorld::Framed(request.SerializeAsString()));
}

TEST(TfsGrpcReload, GivesTheListAsItStandsInAFile) {
  RpcWorld world;
  const auto answer = Read<pb::ReloadConfigResponse>(Reload(world, ListOfOne()));
  EXPECT_TRUE(answer.has_status());
  EXPECT_EQ(answer.status().error_code(), 0);
  pb::ModelServerConfig given;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(world.control.list, &given));
  EXPECT_EQ(given.SerializeAsString(), ListOfOne().config().SerializeAsString());
}

TEST(TfsGrpcReload, AnswersWithWhatWentWrong) {
  RpcWorld world;
  world.control.list_outcome = FailedPrecondition("no list");
  EXPECT_EQ(Reload(world, ListOfOne()).Line(), "9 no list");
}

TEST(TfsGrpcReload, WithoutAListNothingIsUnloaded) {
  RpcWorld world;
  EXPECT_EQ(Reload(world, {}).status, "3");
  EXPECT_EQ(world.control.list, "");
}

TEST(TfsGrpcReload, NeedsTheRightToAdminister) {
  RpcWorld world;
  EXPECT_EQ(Ask(world, kModels, "HandleReloadConfigRequest", ListOfOne()).status, "16");
  EXPECT_EQ(world.control.list, "");
}

}  // namespace
}  // namespace slipway::serve::grpc
