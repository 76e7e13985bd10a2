#include "serve/control/trace_settings.h"

#include <gtest/gtest.h>

#include <map>

#include "base/error_catalogue.h"
#include "serve/control/fixed_models.h"

namespace slipway::serve {
namespace {

struct World {
  explicit World(double share = 0.01, bool exports = true) : sampler(share, exports) {
    models.Add("iris", 1, {});
  }
  std::map<std::string, std::string> Of(const std::string& model) const {
    std::map<std::string, std::string> texts;
    const std::vector<TraceSetting> all = settings.All(model).value();
    for (const TraceSetting& setting : all) texts[setting.name] = setting.values.front();
    return texts;
  }
  Status Change(const std::string& model, std::vector<TraceSetting> wishes) {
    return settings.Change(model, wishes);
  }

  FixedModelSet models;
  telemetry::TraceSampler sampler;
  TraceSettings settings{sampler, models};
};

TEST(TraceSettings, AreThoseOfTheSampler) {
  const World world;
  EXPECT_EQ(world.Of(""), (std::map<std::string, std::string>{{"trace_file", ""},
                                                              {"trace_level", "TIMESTAMPS"},
                                                              {"trace_rate", "100"},
                                                              {"trace_count", "-1"},
                                                              {"log_frequency", "0"},
                                                              {"trace_mode", "opentelemetry"}}));
  EXPECT_EQ(World(0).Of("")["trace_rate"], "0");
  EXPECT_EQ(World(0.01, false).Of("")["trace_level"], "OFF");
}

TEST(TraceSettings, ChangeWhatIsSampled) {
  World world;
  EXPECT_TRUE(world.Change("", {{"trace_rate", {"1"}}, {"trace_count", {"5"}}}).ok());
  EXPECT_TRUE(world.sampler.SpanFor(std::nullopt, "iris")->is_sampled);
  EXPECT_EQ(world.Of("")["trace_count"], "4");
  EXPECT_TRUE(world.Change("", {{"trace_level", {"OFF"}}}).ok());
  EXPECT_FALSE(world.sampler.SpanFor(std::nullopt)->is_sampled);
  EXPECT_TRUE(world.Change("", {{"trace_level", {"TIMESTAMPS"}}}).ok());
  EXPECT_TRUE(world.sampler.SpanFor(std::nullopt)->is_sampled);
}

TEST(TraceSettings, OfAModelAreItsOwnUntilTheyAreCleared) {
  World world;
  EXPECT_TRUE(world.Change("iris", {{"trace_rate", {"1"}}}).ok());
  EXPECT_TRUE(world.Change("", {{"trace_rate", {"4"}}}).ok());
  EXPECT_EQ(world.Of("iris")["trace_rate"], "1");
  EXPECT_TRUE(world.Change("iris", {{"trace_rate", {}}}).ok());
  EXPECT_EQ(world.Of("iris")["trace_rate"], "4");
  EXPECT_TRUE(world.Change("", {{"trace_rate", {}}}).ok());
  EXPECT_EQ(world.Of("iris")["trace_rate"], "100");
}

TEST(TraceSettings, OfAModelThatIsNotServedThereAreNone) {
  World world;
  EXPECT_EQ(world.settings.All("rose").status().number(), errors::kModelNotFound);
  EXPECT_EQ(world.Change("rose", {}).number(), errors::kModelNotFound);
}

// Bad input S14: settings that are none change nothing
TEST(TraceSettings, WhatIsWrongChangesNothing) {
  World world;
  const std::vector<TraceSetting> wrong = {{"trace_rates", {"1"}},  {"trace_rate", {"-1"}},
                                           {"trace_rate", {"1.5"}}, {"trace_rate", {"a"}},
                                           {"trace_rate", {""}},    {"trace_rate", {"1", "2"}},
                                           {"trace_count", {"-2"}}, {"trace_level", {"ON"}}};
  for (const TraceSetting& wish : wrong) {
    EXPECT_EQ(world.Change("", {{"trace_count", {"7"}}, wish}).number(),
              errors::kRequestFieldInvalid)
        << wish.name;
  }
  EXPECT_EQ(world.Of("")["trace_count"], "-1");
}

TEST(TraceSettings, SayWhatIsNotDone) {
  World world;
  for (const TraceSetting& wish :
       std::vector<TraceSetting>{{"trace_file", {"/tmp/trace.json"}},
                                 {"trace_level", {"TIMESTAMPS", "TENSORS"}},
                                 {"log_frequency", {"50"}},
                                 {"trace_mode", {"triton"}}})
    EXPECT_EQ(world.Change("", {wish}).code(), Code::kUnimplemented) << wish.name;
  EXPECT_TRUE(world.Change("", {{"trace_file", {""}}, {"log_frequency", {"0"}}}).ok());
}

TEST(TraceSettings, WithoutACollectorNothingIsTurnedOn) {
  World world(0.01, false);
  EXPECT_EQ(world.Change("", {{"trace_level", {"TIMESTAMPS"}}}).code(), Code::kFailedPrecondition);
  EXPECT_EQ(world.Change("", {{"trace_rate", {"1"}}}).code(), Code::kFailedPrecondition);
  EXPECT_TRUE(world.Change("", {{"trace_level", {"OFF"}}}).ok());
}

}  // namespace
}  // namespace slipway::serve
