#include "serve/control/folder_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error_catalogue.h"
#include "serve/control/fake_importer.h"

namespace slipway::serve {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

using World = ModelFolder;

TEST(FolderSource, ImportsAFileWhenItIsWantedAndOnce) {
  World world;
  world.Write("m/1/model.onnx", "one");
  const auto source = world.Open();
  EXPECT_EQ(world.importer.imports, 0);
  const ModelPackage package = source->Resolve("m", 1).value();
  EXPECT_EQ(package.manifest.name, "m");
  EXPECT_EQ(ReadFile(package.graph_path).value(), "one");
  EXPECT_EQ(source->Resolve("m", 1)->digest, package.digest);
  EXPECT_EQ(world.importer.imports, 1);
}

TEST(FolderSource, SeesWhatWasAddedAndWhatChanged) {
  World world;
  world.Write("m/1/model.onnx", "one");
  const auto source = world.Open();
  const ModelPackage before = source->Resolve("m", 1).value();
  world.Write("m/1/model.onnx", "other");
  world.Write("m/2/model.onnx", "two");
  world.Write("n/1/model.onnx", "new");
  EXPECT_THAT(source->Versions("m").value(), ElementsAre(1, 2));
  EXPECT_THAT(source->Wanted("m").value(), ElementsAre(2));
  EXPECT_NE(source->Resolve("m", 1)->digest, before.digest);
  EXPECT_TRUE(source->Resolve("n", 1).ok());
  EXPECT_TRUE(fs::exists(before.graph_path)) << "a package that waits to be loaded keeps its files";
}

// Of another model while one is imported, and of the same one.
TEST(FolderSource, AnImportHoldsUpNobodyElse) {
  World world;
  world.Write("m/config.pbtxt", "version_policy { specific { versions: 1 } }");
  world.Write("m/1/model.onnx", "slow");
  world.Write("n/1/model.onnx", "quick");
  const auto source = world.Open();
  bool was_answered = false;
  world.importer.meanwhile = [&](std::string_view text) {
    if (text != "slow") return;
    EXPECT_THAT(source->Wanted("m").value(), ElementsAre(1));
    EXPECT_EQ(source->List()->size(), 2U);
    was_answered = source->Resolve("n", 1).ok();
  };
  EXPECT_TRUE(source->Resolve("m", 1).ok());
  EXPECT_TRUE(was_answered);
  EXPECT_TRUE(source->Resolve("m", 1).ok());
  EXPECT_EQ(world.importer.imports, 2) << "what was imported meanwhile is kept";
}

TEST(FolderSource, ThePolicySaysWhatIsWanted) {
  World world;
  world.Write("m/1/model.onnx", "one");
  world.Write("m/3/model.onnx", "three");
  world.Write("m/config.pbtxt", "version_policy { specific { versions: 1 versions: 2 } }");
  EXPECT_THAT(world.Open()->Wanted("m").value(), ElementsAre(1));
}

// Fault C9: listed with its reason
TEST(FolderSource, AModelThatCannotBeServedIsListedWithItsReason) {
  World world;
  world.Write("a/1/saved_model.pb", "x");
  world.Write("b/config.pbtxt", "backend: \"python\"");
  world.Write("b/1/model.py", "x");
  world.Write("c/1/model.onnx", "bad");
  const auto source = world.Open();
  const auto models = source->List().value();
  EXPECT_THAT(models[0].reasons.at(1), HasSubstr("SavedModel"));
  EXPECT_THAT(models[1].reason, HasSubstr("Python"));
  EXPECT_THAT(source->Resolve("a", 1).status().message(), HasSubstr("SavedModel"));
  EXPECT_THAT(source->Wanted("b").status().message(), HasSubstr("Python"));
  EXPECT_EQ(source->Resolve("c", 1).status().number(), errors::kCorruptModelFile);
}

TEST(FolderSource, AModelIsWhatItsConfigurationDeclares) {
  World world;
  world.Write("m/1/model.onnx", "one");
  world.Write("m/config.pbtxt",
              "max_batch_size: 4 input { name: \"x\" data_type: TYPE_FP32 dims: 3 }");
  EXPECT_THAT(world.Open()->Resolve("m", 1).status().message(), HasSubstr("[N,3]"));
}

constexpr std::string_view kPair = R"(
  platform: "ensemble" max_batch_size: 8
  input { name: "IN" data_type: TYPE_FP32 dims: 2 }
  output { name: "OUT" data_type: TYPE_FP32 dims: 2 }
  ensemble_scheduling {
    step { model_name: "a" model_version: -1
           input_map { key: "x" value: "IN" } output_map { key: "x" value: "mid" } }
    step { model_name: "b" model_version: 3
           input_map { key: "x" value: "mid" } output_map { key: "x" value: "OUT" } }
  })";

TEST(FolderSource, AnEnsembleIsItsConfiguration) {
  World world;
  world.Write("pair/config.pbtxt", kPair);
  fs::create_directories(fs::path(world.folder.path()) / "pair/1");
  const auto source = world.Open();
  const ModelPackage package = source->Resolve("pair", 1).value();
  EXPECT_EQ(world.importer.imports, 0);
  ASSERT_TRUE(package.manifest.ensemble.has_value());
  const auto& steps = package.manifest.ensemble->steps;
  EXPECT_EQ(steps[0].model, "a");
  EXPECT_EQ(steps[0].version, std::nullopt);
  EXPECT_EQ(steps[1].version, 3);
  EXPECT_EQ(package.manifest.signature.inputs[0].shape, (Shape{-1, 2}));
  EXPECT_EQ(package.config.max_batch_size, 8);
  std::string changed(kPair);
  changed.replace(changed.find("\"b\""), 3, "\"c\"");
  world.Write("pair/config.pbtxt", changed);
  EXPECT_NE(source->Resolve("pair", 1)->digest, package.digest);
}

// Bad input S8: an ensemble in a folder whose steps cannot run
TEST(FolderSource, AnEnsembleThatCannotRunIsRefusedWithStepAndTensor) {
  World world;
  std::string config(kPair);
  config.replace(config.find("\"mid\""), 5, "\"elsewhere\"");
  world.Write("pair/config.pbtxt", config);
  world.Write("pair/1/.keep", "");
  const Status refusal = world.Open()->Resolve("pair", 1).status();
  EXPECT_EQ(refusal.number(), errors::kInvalidPackage);
  EXPECT_THAT(refusal.ToString(),
              HasSubstr("step 1 (model \"b\"): input \"x\" reads tensor \"mid\""));
}

TEST(FolderSource, ReadsTheLabelsOfAnOutput) {
  World world;
  world.Write("m/1/model.onnx", "one");
  world.Write("m/names.txt", "cat\r\ndog\n\n");
  world.Write("m/config.pbtxt",
              "output { name: \"x\" data_type: TYPE_FP32 label_filename: \"names.txt\" }");
  EXPECT_THAT(world.Open()->Resolve("m", 1)->manifest.labels.at("x"), ElementsAre("cat", "dog"));
}

// Bad input S13: a label file outside the folder is not read
TEST(FolderSource, LabelsOutsideTheFolderAreNotRead) {
  World world;
  world.Write("m/1/model.onnx", "one");
  world.Write("m/config.pbtxt",
              "output { name: \"x\" label_filename: \"../../../../../../etc/passwd\" }");
  EXPECT_EQ(world.Open()->Resolve("m", 1).status().code(), Code::kPermissionDenied);
}

// Fault A10: a folder that is gone
TEST(FolderSource, AFolderThatIsGoneIsAnErrorAndNoDeletion) {
  World world;
  world.Write("m/1/model.onnx", "one");
  const auto source = world.Open();
  fs::rename(world.folder.path(), world.folder.path() + ".away");
  EXPECT_FALSE(source->List().ok());
  EXPECT_EQ(source->layout().models.size(), 1U);
  fs::rename(world.folder.path() + ".away", world.folder.path());
  EXPECT_TRUE(source->Resolve("m", 1).ok());
}

}  // namespace
}  // namespace slipway::serve
