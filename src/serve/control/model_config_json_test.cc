#include "serve/control/model_config_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"
#include "base/json.h"

namespace slipway::serve {
namespace {

using std::chrono::microseconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kFull = R"({
  "name": "m", "backend": "onnxruntime", "max_batch_size": 16, "input": [{"name": "x"}],
  "instance_group": [], "dynamic_batching": {
    "preferred_batch_size": [8, 4], "max_queue_delay_microseconds": "250",
    "priority_levels": 3, "default_priority_level": 2,
    "default_queue_policy": {"timeout_action": "DELAY", "default_timeout_microseconds": 1000},
    "priority_queue_policy": {"1": {"max_queue_size": 5, "allow_timeout_override": true}}}})";

TEST(ModelConfigJson, ReadsWhatSchedules) {
  const ModelConfig config = ParseModelConfig(kFull).value();
  EXPECT_EQ(config.max_batch_size, 16);
  ASSERT_TRUE(config.dynamic_batching.has_value());
  const DynamicBatching& batching = *config.dynamic_batching;
  EXPECT_THAT(batching.preferred_batch_sizes, ElementsAre(4, 8));
  EXPECT_EQ(batching.max_queue_delay, microseconds(250));
  EXPECT_EQ(batching.default_policy.timeout_action, QueuePolicy::TimeoutAction::kDelay);
  EXPECT_EQ(PolicyOf(config, 1).max_queue_size, 5u);
  EXPECT_EQ(PolicyOf(config, 3).default_timeout, microseconds(1000));
}

TEST(ModelConfigJson, WhatIsWrittenIsReadAgain) {
  const ModelConfig config = ParseModelConfig(kFull).value();
  OrderedJson document = OrderedJson::object();
  AppendConfig(config, document);
  EXPECT_EQ(ParseModelConfig(DumpJson(document)).value(), config);
}

TEST(ModelConfigJson, AnEmptyObjectIsSaidAndNullIsNot) {
  EXPECT_TRUE(ParseModelConfig(R"({"dynamic_batching": {}})").value().dynamic_batching.has_value());
  EXPECT_FALSE(
      ParseModelConfig(R"({"dynamic_batching": null})").value().dynamic_batching.has_value());
}

constexpr std::string_view kSequences = R"({
  "sequence_batching": {"max_sequence_idle_microseconds": "5000000",
    "oldest": {"max_candidate_sequences": 4, "max_queue_delay_microseconds": 100},
    "control_input": [
      {"name": "START", "control": [{"kind": "CONTROL_SEQUENCE_START", "fp32_false_true": [0, 1]}]},
      {"name": "READY", "control": [{"kind": "CONTROL_SEQUENCE_READY", "int32_false_true": [2, 3]}]},
      {"name": "END", "control": [{"kind": "CONTROL_SEQUENCE_END", "bool_false_true": [false, true]}]},
      {"name": "ID", "control": [{"kind": "CONTROL_SEQUENCE_CORRID", "data_type": "TYPE_INT64"}]}],
    "state": [{"input_name": "in", "output_name": "out", "data_type": "TYPE_FP16", "dims": [-1, 3],
      "initial_state": [{"data_type": "TYPE_FP16", "dims": [1, 3], "zero_data": true, "name": "z"}]}]}})";

TEST(ModelConfigJson, ReadsHowSequencesAreKept) {
  const SequenceBatching sequences = ParseModelConfig(kSequences).value().sequence_batching.value();
  EXPECT_EQ(sequences.max_idle, microseconds(5'000'000));
  EXPECT_TRUE(sequences.is_oldest);
  EXPECT_EQ(sequences.max_candidates, 4u);
  ASSERT_EQ(sequences.controls.size(), 4u);
  EXPECT_EQ(sequences.controls[1].when_true, 3);
  EXPECT_EQ(sequences.controls[2].dtype, DType::kBool);
  EXPECT_EQ(sequences.controls[3].dtype, DType::kI64);
  ASSERT_EQ(sequences.states.size(), 1u);
  EXPECT_THAT(sequences.states[0].dims, ElementsAre(-1, 3));
}

TEST(ModelConfigJson, WhatIsWrittenOfSequencesAndCachesIsReadAgain) {
  for (const std::string_view text :
       {kSequences, std::string_view(R"({"sequence_batching": {}})"),
        std::string_view(R"({"response_cache": {"enable": true}})")}) {
    const ModelConfig config = ParseModelConfig(text).value();
    OrderedJson document = OrderedJson::object();
    AppendConfig(config, document);
    EXPECT_EQ(ParseModelConfig(DumpJson(document)).value(), config) << text;
  }
}

TEST(ModelConfigJson, ReadsTheStepsOfAnEnsemble) {
  const ModelConfig config =
      ParseModelConfig(R"({"platform": "ensemble", "ensemble_scheduling": {"step": [
                           {"model_name": "a", "model_version": "-1", "input_map": {"x": "IN"},
                            "output_map": {"y": "OUT"}}]}})")
          .value();
  ASSERT_TRUE(config.ensemble.has_value());
  EXPECT_EQ(config.ensemble->steps.at(0).model, "a");
  EXPECT_EQ(ParseModelConfig(R"({"ensemble_scheduling": {}})")->ensemble, std::nullopt);
}

TEST(ModelConfigJson, NothingSaidIsAsMeasured) {
  EXPECT_EQ(ParseModelConfig("").value(), ModelConfig());
  EXPECT_EQ(ParseModelConfig(R"({"version_policy": {"all": {}}})").value(), ModelConfig());
}

struct Refusal {
  const char* json;
  const char* text;
};

TEST(ModelConfigJson, RefusesWhatIsWrongByName) {
  const Refusal refusals[] = {
      {R"([])", "expected an object, got array"},
      {R"({"max_batch_size": -1})", "max_batch_size"},
      {R"({"max_batch_size": 99999999})", "is more than 1048576"},
      {R"({"instance_group": [{"count": 2}]})", "\"instance_group\" is not obeyed"},
      {R"({"dynamic_batching": {"eager": true}})", "\"eager\" is not obeyed"},
      {R"({"max_batch_size": 4, "dynamic_batching": {"preferred_batch_size": [8]}})",
       "preferred_batch_size 8 is not from 1 to max_batch_size, 4"},
      {R"({"max_batch_size": 4, "dynamic_batching": {"preferred_batch_size": [0]}})",
       "preferred_batch_size 0"},
      {R"({"dynamic_batching": {"max_queue_delay_microseconds": 10000001}})", "is more than"},
      {R"({"dynamic_batching": {"max_queue_delay_microseconds": "soon"}})",
       "expected an integer, not negative, got string"},
      {R"({"dynamic_batching": {"priority_levels": 2}})", "default_priority_level 0 is not"},
      {R"({"dynamic_batching": {"priority_levels": 1001}})", "is more than 1000"},
      {R"({"dynamic_batching": {"priority_levels": 2, "default_priority_level": 3}})",
       "default_priority_level 3 is not"},
      {R"({"dynamic_batching": {"priority_levels": 1, "default_priority_level": 1,
           "priority_queue_policy": {"2": {}}}})",
       "priority_queue_policy has level 2, there are 1"},
      {R"({"dynamic_batching": {"priority_queue_policy": {"high": {}}}})",
       "expected a priority level"},
      {R"({"dynamic_batching": {"default_queue_policy": {"timeout_action": "DROP"}}})",
       "expected \"REJECT\" or \"DELAY\""},
      {R"({"dynamic_batching": {"preserve_ordering": true}})", "\"preserve_ordering\" is not"},
      {R"({"dynamic_batching": {}, "sequence_batching": {}})", "there is one scheduler"},
      {R"({"sequence_batching": {"direct": {}, "oldest": {}}})", "there is one strategy"},
      {R"({"sequence_batching": {"iterative_sequence": true}})", "\"iterative_sequence\" is not"},
      {R"({"sequence_batching": {"max_sequence_idle_microseconds": 3600000001}})", "is more than"},
      {R"({"sequence_batching": {"oldest": {"max_candidate_sequences": 65537}}})", "is more than"},
      {R"({"sequence_batching": {"oldest": {"preserve_ordering": true}}})",
       "\"preserve_ordering\" is not"},
      {R"({"sequence_batching": {"control_input": [{"name": "S"}]}})", "must have one control"},
      {R"({"sequence_batching": {"control_input": [{"name": "S",
           "control": [{"kind": "CONTROL_SEQUENCE_STOP"}]}]}})",
       "\"CONTROL_SEQUENCE_STOP\" is no kind"},
      {R"({"sequence_batching": {"control_input": [{"name": "S",
           "control": [{"kind": 0, "int32_false_true": [0]}]}]}})",
       "expected a string, got number"},
      {R"({"sequence_batching": {"control_input": [{"name": "S",
           "control": [{"int32_false_true": [0]}]}]}})",
       "expected two values"},
      {R"({"sequence_batching": {"state": [{"data_type": "TYPE_X"}]}})", "\"TYPE_X\" is no type"},
      {R"({"sequence_batching": {"state": [{"dims": [-2]}]}})", "-2 is no dimension"},
      {R"({"sequence_batching": {"state": [{"initial_state": [{"data_file": "x"}]}]}})",
       "\"data_file\" is not"},
      {R"({"response_cache": {"enable": "yes"}})", "expected true or false"},
      {R"({"ensemble_scheduling": {"step": [{"model_version": 1}]}})",
       "the field is missing (at ensemble_scheduling, step[0].model_name)"},
      {R"({"dynamic_batching": {}, "ensemble_scheduling": {"step": []}})", "it has none itself"},
  };
  for (const Refusal& refusal : refusals) {
    const Status status = ParseModelConfig(refusal.json).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << refusal.json;
    EXPECT_EQ(status.number(), errors::kRequestFieldInvalid) << refusal.json;
    EXPECT_THAT(status.ToString(), HasSubstr(refusal.text)) << refusal.json;
  }
}

TEST(ModelConfigJson, TextThatIsNotJsonIsRefused) {
  EXPECT_EQ(ParseModelConfig("{").status().number(), errors::kRequestNotJson);
}

TEST(ModelConfigJson, APackageMayBringOne) {
  package::Manifest manifest;
  EXPECT_EQ(ConfigOf(manifest).value(), ModelConfig());
  manifest.annotations[std::string(kConfigAnnotation)] = R"({"max_batch_size": 3})";
  EXPECT_EQ(ConfigOf(manifest).value().max_batch_size, 3);
  manifest.annotations[std::string(kConfigAnnotation)] = R"({"max_batch_size": "x"})";
  EXPECT_EQ(ConfigOf(manifest).status().number(), errors::kInvalidPackage);
}

}  // namespace
}  // namespace slipway::serve
