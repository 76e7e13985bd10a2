#include "serve/control/configured_source.h"

#include <gtest/gtest.h>

#include "serve/control/fixed_source.h"
#include "serve/control/model_config_json.h"

namespace slipway::serve {
namespace {

const ModelConfig kGiven{.max_batch_size = 8, .dynamic_batching = DynamicBatching{}};

ModelPackage Package(std::int64_t rows) {
  const TensorSpec spec{.name = "x", .dtype = DType::kF32, .shape = {rows, 2}, .axis_names = {}};
  ModelPackage package{.name = "m"};
  package.manifest.signature = {.inputs = {spec}, .outputs = {spec}};
  return package;
}

ModelConfig ConfigGivenTo(ModelPackage package) {
  const FixedSource fixed({std::move(package)});
  return ConfiguredSource(fixed, kGiven).Resolve("m", 1)->config;
}

TEST(ConfiguredSource, ConfiguresWhatBringsNoConfiguration) {
  EXPECT_EQ(ConfigGivenTo(Package(-1)), kGiven);
}

TEST(ConfiguredSource, AModelsOwnConfigurationStays) {
  ModelPackage package = Package(-1);
  package.config.max_batch_size = 3;
  EXPECT_EQ(ConfigGivenTo(package).max_batch_size, 3);
  ModelPackage empty = Package(-1);
  empty.manifest.annotations[std::string(kConfigAnnotation)] = "{}";
  EXPECT_EQ(ConfigGivenTo(empty), ModelConfig());
}

TEST(ConfiguredSource, AModelThatItDoesNotFitIsLoadedWithout) {
  EXPECT_EQ(ConfigGivenTo(Package(1)), ModelConfig());
}

TEST(ConfiguredSource, AnEnsembleStaysWithout) {
  ModelPackage package = Package(-1);
  package.manifest.ensemble.emplace();
  EXPECT_EQ(ConfigGivenTo(package), ModelConfig());
}

TEST(ConfiguredSource, EverythingElseIsWhatTheSourceSays) {
  const FixedSource fixed({Package(-1)});
  const ConfiguredSource source(fixed, kGiven);
  EXPECT_EQ(source.List()->size(), 1U);
  EXPECT_EQ(source.Versions("m").value(), source.Wanted("m").value());
  EXPECT_EQ(source.VersionOfAlias("m", "prod").status().code(), Code::kNotFound);
  EXPECT_EQ(source.Resolve("n", 1).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace slipway::serve
