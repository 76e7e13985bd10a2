#include "serve/model/sequence_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/model/model_config.h"

namespace slipway::serve {
namespace {

using testing::HasSubstr;
using Kind = SequenceControl::Kind;

const Signature kSignature{
    .inputs = {{.name = "x", .shape = {-1, 4}},
               {.name = "start", .shape = {-1, 1}},
               {.name = "id", .dtype = DType::kU64, .shape = {-1, 1}},
               {.name = "before", .shape = {-1, 3}}},
    .outputs = {{.name = "y", .shape = {-1, 4}}, {.name = "after", .shape = {-1, 3}}}};

SequenceBatching Fitting() {
  return {.controls = {{Kind::kStart, "start", DType::kF32}, {Kind::kId, "id", DType::kU64}},
          .states = {{.input = "before", .output = "after", .dims = {3}}}};
}

std::string Told(const SequenceBatching& sequences) {
  return CheckSequences(sequences, kSignature).ToString();
}

TEST(CheckSequences, WhatTheModelHasFits) {
  EXPECT_TRUE(CheckSequences(Fitting(), kSignature).ok());
  SequenceBatching open = Fitting();
  open.states[0].dims = {-1};
  EXPECT_TRUE(CheckSequences(open, kSignature).ok());
}

TEST(CheckSequences, AControlIsOneValueOfItsType) {
  SequenceBatching sequences = Fitting();
  sequences.controls[0].input = "begin";
  EXPECT_THAT(Told(sequences), HasSubstr("the model has no input \"begin\" (at control_input)"));
  sequences.controls[0] = {Kind::kStart, "x", DType::kF32};
  EXPECT_THAT(Told(sequences), HasSubstr("holds more than one value"));
  sequences.controls[0] = {Kind::kStart, "start", DType::kI32};
  EXPECT_THAT(Told(sequences), HasSubstr("is INT32 in the configuration and FP32 in the model"));
  sequences = Fitting();
  sequences.controls[1].dtype = DType::kF32;
  EXPECT_THAT(Told(sequences), HasSubstr("a sequence's id is no FP32"));
}

TEST(CheckSequences, AStateIsAnOutputAndAnInputOfOneForm) {
  SequenceBatching sequences = Fitting();
  sequences.states[0].output = "y";
  EXPECT_THAT(Told(sequences), HasSubstr("has not the dimensions [3] (at state)"));
  sequences.states[0].output = "later";
  EXPECT_THAT(Told(sequences), HasSubstr("the model has no output \"later\""));
  sequences = Fitting();
  sequences.states[0].dtype = DType::kF64;
  EXPECT_THAT(Told(sequences), HasSubstr("is FP64 in the configuration"));
}

TEST(CheckSequences, AnInputIsFilledOnce) {
  SequenceBatching sequences = Fitting();
  sequences.controls.push_back({Kind::kEnd, "start", DType::kF32});
  EXPECT_THAT(Told(sequences), HasSubstr("input \"start\" is named twice"));
}

TEST(CheckConfig, ACacheAndSequencesExcludeEachOther) {
  const ModelConfig config{.sequence_batching = Fitting(), .response_cache = true};
  EXPECT_THAT(CheckConfig(config, kSignature).message(), HasSubstr("exclude each other"));
}

}  // namespace
}  // namespace slipway::serve
