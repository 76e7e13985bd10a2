#include "repository/triton_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace slipway::repository {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kDenseNet = R"(
name: "densenet_onnx"
platform: "onnxruntime_onnx"
max_batch_size : 8
input [
  { name: "data_0" data_type: TYPE_FP32 format: FORMAT_NCHW dims: [ 3, 224, 224 ]
    reshape { shape: [ 1, 3, 224, 224 ] } }
]
output [
  { name: "fc6_1" data_type: TYPE_FP32 dims: [ 1000 ] label_filename: "labels.txt" }
]
version_policy: { specific { versions: 1 versions: 3 } }
dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 100
                   preserve_ordering: true }
instance_group [ { count: 2 kind: KIND_CPU } ]
optimization { execution_accelerators { gpu_execution_accelerator : [ { name : "tensorrt" } ] } }
parameters { key: "intra_op_thread_count" value: { string_value: "4" } }
)";

TEST(ParseTritonConfig, ReadsWhatHasAnEffect) {
  const ModelSettings settings = ParseTritonConfig(kDenseNet).value();
  EXPECT_EQ(settings.name, "densenet_onnx");
  EXPECT_EQ(settings.max_batch_size, 8);
  EXPECT_EQ(ToString(settings.policy), "specific 1, 3");
  ASSERT_EQ(settings.inputs.size(), 1U);
  EXPECT_EQ(settings.inputs[0].dtype, DType::kF32);
  EXPECT_THAT(settings.inputs[0].dims, ElementsAre(3, 224, 224));
  EXPECT_EQ(settings.outputs.at(0).label_file, "labels.txt");
  EXPECT_THAT(settings.config_json, AllOf(HasSubstr(R"("max_batch_size":8)"),
                                          HasSubstr(R"("preferred_batch_size":[4,8])"),
                                          HasSubstr(R"("max_queue_delay_microseconds":"100")")));
}

TEST(ParseTritonConfig, NamesEveryOtherFieldThatIsSet) {
  const ModelSettings settings = ParseTritonConfig(kDenseNet).value();
  for (const char* field : {"input.format", "input.reshape", "dynamic_batching.preserve_ordering",
                            "instance_group", "optimization", "parameters"})
    EXPECT_THAT(settings.ignored, Contains(HasSubstr(field)));
  EXPECT_EQ(settings.ignored.size(), 6U);
  EXPECT_THAT(settings.config_json, Not(HasSubstr("preserve_ordering")));
}

TEST(ParseTritonConfig, PassesOnSequencesAndTheCache) {
  const ModelSettings sequences = ParseTritonConfig(R"(sequence_batching {
                             oldest { max_candidate_sequences: 4 preserve_ordering: true }
                             state [{ input_name: "a" output_name: "b" data_type: TYPE_FP32 dims: 3 }]
                           })")
                                      .value();
  EXPECT_EQ(sequences.refusal, "");
  EXPECT_THAT(sequences.ignored, ElementsAre(HasSubstr("preserve_ordering")));
  EXPECT_THAT(sequences.config_json,
              AllOf(HasSubstr(R"("oldest":{"max_candidate_sequences":4})"),
                    HasSubstr(R"("output_name":"b")"), Not(HasSubstr("preserve_ordering"))));
  EXPECT_THAT(ParseTritonConfig("response_cache { enable: true }").value().config_json,
              HasSubstr(R"("response_cache":{"enable":true})"));
}

TEST(ParseTritonConfig, FieldsThatNobodyKnowsAreNamedWithTheirLine) {
  const ModelSettings settings = ParseTritonConfig("max_batch_size: 2\nfuture: { x: 1 }").value();
  EXPECT_EQ(settings.max_batch_size, 2);
  EXPECT_THAT(settings.ignored, ElementsAre(AllOf(HasSubstr("line 2"), HasSubstr("future"))));
}

TEST(ParseTritonConfig, AnEmptyTextSaysNothing) {
  const ModelSettings settings = ParseTritonConfig("").value();
  EXPECT_EQ(settings.refusal, "");
  EXPECT_EQ(ToString(settings.policy), "latest 1");
  EXPECT_THAT(settings.ignored, IsEmpty());
}

TEST(ParseTritonConfig, ABackendThatIsNotHereIsARefusal) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(platform: "tensorrt_plan")", "TensorRT"},
      {R"(backend: "python")", "Python"},
      {R"(backend: "openvino")", "OpenVINO"},
      {R"(platform: "tensorflow_savedmodel")", "SavedModel"},
      {R"(backend: "dali")", "\"dali\" is not here"},
      {R"(platform: "ensemble")", "needs ensemble_scheduling"},
      {R"(platform: "onnxruntime_onnx" ensemble_scheduling {})", "the platform \"ensemble\""},
      {R"(batch_input { kind: BATCH_ELEMENT_COUNT target_name: "n" })", "batch_input"},
      {R"(sequence_batching { iterative_sequence: true })", "iterative_sequence"}};
  for (const auto& [text, reason] : cases)
    EXPECT_THAT(ParseTritonConfig(text).value().refusal, HasSubstr(reason)) << text;
}

TEST(ParseTritonConfig, ReadsTheStepsOfAnEnsemble) {
  const ModelSettings settings = ParseTritonConfig(R"(
    platform: "ensemble" max_batch_size: 4
    input { name: "IN" data_type: TYPE_FP32 dims: 2 }
    output { name: "OUT" data_type: TYPE_FP32 dims: 3 }
    ensemble_scheduling {
      max_inflight_requests: 3
      step [ { model_name: "a" model_version: -1 input_map { key: "x" value: "IN" }
               output_map { key: "y" value: "middle" } },
             { model_name: "b" model_version: 2 model_namespace: "far"
               input_map { key: "x" value: "middle" } output_map { key: "y" value: "OUT" } } ]
    })")
                                     .value();
  EXPECT_EQ(settings.refusal, "");
  EXPECT_EQ(settings.ensemble_json,
            R"({"step":[{"model_name":"a","model_version":"-1","input_map":{"x":"IN"},)"
            R"("output_map":{"y":"middle"}},{"model_name":"b","model_version":"2",)"
            R"("input_map":{"x":"middle"},"output_map":{"y":"OUT"},"model_namespace":"far"}]})");
  EXPECT_THAT(settings.ignored, ElementsAre(HasSubstr("max_inflight_requests")));
  EXPECT_EQ(DeclaredSignature(settings)->inputs[0].shape, (Shape{-1, 2}));
}

TEST(DeclaredSignature, NeedsTypeAndDims) {
  for (const char* text :
       {R"(input { name: "x" data_type: TYPE_FP32 })", R"(output { name: "x" dims: 2 })"}) {
    const Status refusal = DeclaredSignature(ParseTritonConfig(text).value()).status();
    EXPECT_THAT(refusal.message(), HasSubstr("needs data_type and dims")) << text;
  }
}

// Bad input S8: a config.pbtxt that is none, of a wrong type, or nested without end
TEST(ParseTritonConfig, RefusesWhatIsNoneWithItsPlace) {
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "instance_group { rate_limiter { resources { ";
  const std::string cases[] = {"{",
                               "max_batch_size: \"eight\"",
                               "max_batch_size: 99999999999",
                               "name: 7",
                               "max_batch_size: -1",
                               deep,
                               std::string(2 << 20, ' ')};
  for (const std::string& text : cases) {
    const Status refusal = ParseTritonConfig(text).status();
    EXPECT_EQ(refusal.number(), errors::kInvalidPackage) << text.substr(0, 60);
  }
  EXPECT_EQ(ParseTritonConfig("\n max_batch_size: x").status().place(), "line 2, column 18");
}

}  // namespace
}  // namespace slipway::repository
