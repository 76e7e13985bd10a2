#include "repository/model_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "repository/read_repository.h"

namespace slipway::repository {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr std::string_view kServing = R"(
model_config_list {
  config {
    name: 'half_plus_two'
    base_path: '/models/half_plus_two'
    model_platform: 'tensorflow'
    model_version_policy { specific { versions: 1 versions: 2 } }
    version_labels { key: 'stable' value: 1 }
    version_labels { key: 'canary' value: 2 }
  }
  config { name: 'other' base_path: 'elsewhere' model_version_policy { all {} }
           logging_config { sampling_config { sampling_rate: 0.1 } } }
}
)";

constexpr std::string_view kOvms = R"({
  "model_config_list": [
    {"config": {"name": "resnet", "base_path": "/models/resnet", "batch_size": "auto", "nireq": 4,
                "model_version_policy": {"latest": {"num_versions": 2}}, "target_device": "GPU"}},
    {"config": {"name": "face", "base_path": "face", "stateful": true}}
  ],
  "pipeline_config_list": [{"name": "p"}],
  "monitoring": {"metrics": {"enable": true}}
})";

TEST(ParseModelList, ReadsTheListOfTensorFlowServing) {
  const ModelList list = ParseModelList(kServing).value();
  ASSERT_EQ(list.models.size(), 2U);
  EXPECT_EQ(list.models[0].settings.name, "half_plus_two");
  EXPECT_EQ(list.models[0].base_path, "/models/half_plus_two");
  EXPECT_EQ(ToString(list.models[0].settings.policy), "specific 1, 2");
  EXPECT_THAT(list.models[0].settings.version_labels,
              ElementsAre(Pair("canary", 2), Pair("stable", 1)));
  EXPECT_THAT(list.models[1].settings.ignored, ElementsAre(HasSubstr("logging_config")));
}

TEST(ParseModelList, ReadsTheListOfOvms) {
  const ModelList list = ParseModelList(kOvms).value();
  ASSERT_EQ(list.models.size(), 2U);
  EXPECT_EQ(ToString(list.models[0].settings.policy), "latest 2");
  EXPECT_THAT(list.models[0].settings.ignored,
              AllOf(Contains(HasSubstr("batch_size")), Contains(HasSubstr("nireq")),
                    Contains(HasSubstr("target_device"))));
  EXPECT_THAT(list.models[1].settings.refusal, HasSubstr("stateful"));
  EXPECT_THAT(list.ignored, AllOf(Contains(HasSubstr("pipeline_config_list")),
                                  Contains(HasSubstr("monitoring"))));
}

// Bad input S8: lists of models that are none, of wrong types, without names or with one twice
TEST(ParseModelList, RefusesWhatIsNone) {
  const char* cases[] = {
      "model_config_list {",
      "model_config_list { config { base_path: 'x' } }",
      "model_config_list { config { name: '../x' base_path: 'x' } }",
      "model_config_list { config { name: 'a' } }",
      "model_config_list { config { name: 'a' base_path: 'x' } config { name: 'a' base_path: 'y' } "
      "}",
      R"({"model_config_list": {}})",
      R"({"model_config_list": [{"name": "a"}]})",
      R"({"model_config_list": [{"config": {"name": 7, "base_path": "x"}}]})",
      R"({"model_config_list": [{"config": {"name": "a", "base_path": "x", "model_version_policy": {"latest": {"num_versions": 0}}}}]})",
      R"({"model_config_list": [{"config": {"name": "a", "base_path": "x", "model_version_policy": {"specific": {"versions": [18446744073709551615]}}}}]})",
      R"({"model_config_list": [)"};
  for (const char* text : cases)
    EXPECT_EQ(ParseModelList(text).status().number(), errors::kInvalidPackage) << text;
}

struct World {
  TemporaryDirectory whole = TemporaryDirectory::Create("slipway-list-").value();
  std::string folder = whole.path() + "/served";

  void Write(const std::string& path, std::string_view text = "x") const {
    const fs::path file = fs::path(whole.path()) / path;
    fs::create_directories(file.parent_path());
    ASSERT_TRUE(WriteFileAtomically(file.string(), text).ok());
  }
  RepositoryLayout Read(const std::string& base_path, const std::string& what = "") const {
    Write("served/models.config",
          "model_config_list { config { name: 'm' base_path: '" + base_path + "' } }");
    return ReadRepository(folder + what).value();
  }
};

TEST(ReadListed, ABasePathIsRelativeToTheListOrAFile) {
  const World world;
  world.Write("served/nets/m/3/any.onnx");
  world.Write("served/one.onnx");
  EXPECT_THAT(world.Read("nets/m").models.at(0).Numbers(), ElementsAre(3));
  EXPECT_EQ(world.Read("one.onnx").models.at(0).Find(1)->file, "one.onnx");
  EXPECT_THAT(world.Read("none").models.at(0).refusal, HasSubstr("is not there"));
}

TEST(ReadListed, APathOfAContainerIsReadWhereItIsBesideTheList) {
  const World world;
  world.Write("served/m/1/any.onnx");
  const RepositoryLayout layout = world.Read("/no-such-folder/models/m");
  EXPECT_EQ(layout.models.at(0).refusal, "");
  EXPECT_THAT(layout.models[0].Numbers(), ElementsAre(1));
  EXPECT_THAT(layout.models[0].settings.ignored, ElementsAre(HasSubstr("where it is")));
}

// Bad input S13: a list in a served folder that names folders outside of it
TEST(ReadListed, AListInAFolderDoesNotLeadOutOfIt) {
  const World world;
  world.Write("outside/m/1/any.onnx");
  const std::string outside = world.whole.path() + "/outside/m";
  for (const std::string& path : {std::string("../outside/m"), outside}) {
    EXPECT_THAT(world.Read(path).models.at(0).refusal, HasSubstr("leads out of the folder"));
    EXPECT_EQ(world.Read(path, "/models.config").models.at(0).refusal, "") << "named by its owner";
  }
  fs::create_directory_symlink(outside, world.folder + "/link");
  EXPECT_THAT(world.Read("link").models.at(0).refusal, HasSubstr("leads out of the folder"));
}

TEST(ReadRepository, AConfigJsonOfSomethingElseIsNoList) {
  const World world;
  world.Write("served/m/1/model.onnx");
  world.Write("served/config.json", R"({"architectures": ["Bert"]})");
  EXPECT_EQ(ReadRepository(world.folder)->kind, RepositoryLayout::Kind::kTriton);
  world.Write("served/config.json",
              R"({"model_config_list": [{"config": {"name": "n", "base_path": "m"}}]})");
  EXPECT_EQ(ReadRepository(world.folder)->models.at(0).name, "n");
}

}  // namespace
}  // namespace slipway::repository
