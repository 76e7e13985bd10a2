#include "repository/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repository/test_snapshot.h"

namespace slipway::repository {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = RepositoryLayout::Kind;

std::vector<std::string> Names(const RepositoryLayout& layout) {
  std::vector<std::string> names;
  for (const FoundModel& model : layout.models) names.push_back(model.name);
  return names;
}

const FoundModel& Model(const RepositoryLayout& layout, const std::string& name) {
  return *layout.Find(name);
}

TEST(Understand, ATritonRepositoryWithAndWithoutConfigurations) {
  const RepositoryLayout layout =
      Understand(SnapshotOf({"plain/1/model.onnx", "set/1/model.onnx", "set/3/model.onnx"},
                            {{"set/config.pbtxt", R"(version_policy { all {} })"}}),
                 "models");
  EXPECT_EQ(layout.kind, Kind::kTriton);
  EXPECT_THAT(Names(layout), ElementsAre("plain", "set"));
  EXPECT_THAT(Model(layout, "plain").Selected().versions, ElementsAre(1));
  EXPECT_THAT(Model(layout, "set").Selected().versions, ElementsAre(1, 3));
  EXPECT_EQ(Model(layout, "set").Find(3)->file, "set/3/model.onnx");
}

TEST(Understand, AnEnsembleHasVersionFoldersWithNothingInThem) {
  const std::string config = R"(platform: "ensemble" ensemble_scheduling { step { } })";
  const RepositoryLayout layout = Understand(
      SnapshotOf({"both/1/"}, {{"both/config.pbtxt", config}, {"none/config.pbtxt", config}}),
      "models");
  EXPECT_EQ(Model(layout, "both").refusal, "");
  EXPECT_EQ(Model(layout, "both").Find(1)->refusal, "");
  EXPECT_THAT(Model(layout, "none").refusal, HasSubstr("an ensemble needs 1/ too"));
}

TEST(Understand, ABasePathIsOneModelCalledAsItsFolder) {
  const RepositoryLayout layout =
      Understand(SnapshotOf({"1/net.keras", "00000012/net.keras"}), "resnet");
  EXPECT_EQ(layout.kind, Kind::kBasePath);
  ASSERT_THAT(Names(layout), ElementsAre("resnet"));
  EXPECT_THAT(layout.models[0].Numbers(), ElementsAre(1, 12));
  EXPECT_EQ(layout.models[0].Find(12)->file, "00000012/net.keras");
}

TEST(Understand, BasePathsSideBySideAreModels) {
  const RepositoryLayout layout =
      Understand(SnapshotOf({"a/1/a.h5", "b/7/whatever.onnx"}), "models");
  EXPECT_EQ(layout.kind, Kind::kBasePaths);
  EXPECT_EQ(Model(layout, "b").Find(7)->file, "b/7/whatever.onnx");
}

TEST(Understand, FilesSideBySideAreModelsOfOneVersion) {
  const RepositoryLayout layout =
      Understand(SnapshotOf({"a.h5", "b.keras", "notes.txt", "docs/x.txt"}), "models");
  EXPECT_EQ(layout.kind, Kind::kFiles);
  EXPECT_THAT(Names(layout), ElementsAre("a", "b"));
  EXPECT_EQ(Model(layout, "a").Find(1)->file, "a.h5");
  EXPECT_THAT(layout.findings, ElementsAre(HasSubstr("docs/ is passed over")));
}

TEST(Understand, AFolderWithoutModelsSaysSo) {
  EXPECT_EQ(Understand(SnapshotOf({"notes.txt"}), "models").kind, Kind::kEmpty);
}

TEST(Understand, TwoFoldersWithOneNumberFailThatModelByName) {
  const RepositoryLayout layout =
      Understand(SnapshotOf({"m/1/model.onnx", "m/01/model.onnx", "n/1/model.onnx"}), "models");
  EXPECT_THAT(Model(layout, "m").refusal, HasSubstr("two folders are version 1"));
  EXPECT_EQ(Model(layout, "n").refusal, "");
}

// Bad input S13: a version folder that is empty, or holds a file of another engine, is refused
TEST(Understand, WhatOtherEnginesReadIsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {"m/1/saved_model.pb", "SavedModel"}, {"m/1/model.savedmodel/", "SavedModel"},
      {"m/1/model.plan", "TensorRT"},       {"m/1/model.pt", "TorchScript"},
      {"m/1/model.py", "Python"},           {"m/1/model.xml", "OpenVINO"},
      {"m/1/model.graphdef", "TensorFlow"}, {"m/1/", "still being copied"},
      {"m/1/readme.txt", "no model file"}};
  for (const auto& [file, reason] : cases) {
    const RepositoryLayout layout = Understand(SnapshotOf({file, "n/1/model.onnx"}), "models");
    EXPECT_THAT(Model(layout, "m").Find(1)->refusal, HasSubstr(reason)) << file;
    EXPECT_EQ(Model(layout, "n").Find(1)->refusal, "") << file;
  }
}

TEST(Understand, SeveralFilesNeedANameThatSaysWhichCounts) {
  EXPECT_THAT(Understand(SnapshotOf({"m/1/a.onnx", "m/1/b.onnx"}), "x").models[0].Find(1)->refusal,
              HasSubstr("several models: a.onnx, b.onnx"));
  EXPECT_EQ(Understand(SnapshotOf({"m/1/a.onnx", "m/1/model.onnx"}), "x").models[0].Find(1)->file,
            "m/1/model.onnx");
  const FolderSnapshot named = SnapshotOf(
      {"m/1/a.onnx", "m/1/b.onnx"}, {{"m/config.pbtxt", R"(default_model_filename: "b.onnx")"}});
  EXPECT_EQ(Understand(named, "x").models[0].Find(1)->file, "m/1/b.onnx");
}

TEST(Understand, AModelMayBeAFolderWithItsWeightsBeside) {
  const RepositoryLayout layout =
      Understand(SnapshotOf({"m/1/model.onnx/model.onnx", "m/1/model.onnx/weights"}), "x");
  EXPECT_EQ(layout.models[0].Find(1)->file, "m/1/model.onnx/model.onnx");
}

TEST(Understand, AConfigurationThatCannotBeReadFailsItsModelAlone) {
  const RepositoryLayout layout = Understand(
      SnapshotOf({"m/1/model.onnx", "n/1/model.onnx"}, {{"m/config.pbtxt", "max_batch_size: {"}}),
      "models");
  EXPECT_THAT(Model(layout, "m").refusal, HasSubstr("config.pbtxt, line 1"));
  EXPECT_EQ(Model(layout, "n").refusal, "");
}

TEST(Understand, AModelIsCalledAsItsFolder) {
  const RepositoryLayout layout =
      Understand(SnapshotOf({"m/1/model.onnx"}, {{"m/config.pbtxt", R"(name: "other")"}}), "x");
  EXPECT_THAT(layout.models[0].refusal, HasSubstr("calls the model \"other\""));
}

TEST(Understand, AConfigurationWithoutVersionsIsAModelThatIsNotServed) {
  const RepositoryLayout layout =
      Understand(SnapshotOf({"m/model.onnx"}, {{"m/config.pbtxt", ""}}), "x");
  EXPECT_THAT(layout.models[0].refusal, HasSubstr("expected 1/model.onnx, found model.onnx"));
}

// Bad input S13: a model whose name leaves its folder or holds odd characters is passed over
TEST(Understand, NamesThatNoModelMayHaveArePassedOver) {
  const RepositoryLayout layout = Understand(
      SnapshotOf({"a b/1/model.onnx", "\x1b[31m/1/model.onnx", "ok/1/model.onnx"},
                 {{"ok/config.pbtxt", R"(default_model_filename: "../../secret.onnx")"}}),
      "x");
  EXPECT_THAT(Names(layout), ElementsAre("ok"));
  EXPECT_THAT(layout.findings, ElementsAre(HasSubstr("\\x1b"), HasSubstr("a b is passed over")));
  EXPECT_THAT(layout.models[0].Find(1)->refusal, HasSubstr("is missing"));
}

TEST(Understand, AFingerprintChangesWithAFileOfTheVersion) {
  FolderSnapshot snapshot = SnapshotOf({"m/1/model.onnx", "m/1/weights", "m/10/model.onnx"});
  const std::string before = Understand(snapshot, "x").models[0].Find(1)->fingerprint;
  snapshot.entries["m/10/model.onnx"].size = 8;
  EXPECT_EQ(Understand(snapshot, "x").models[0].Find(1)->fingerprint, before);
  snapshot.entries["m/1/weights"].modified_ns = 1;
  EXPECT_NE(Understand(snapshot, "x").models[0].Find(1)->fingerprint, before);
}

}  // namespace
}  // namespace slipway::repository
