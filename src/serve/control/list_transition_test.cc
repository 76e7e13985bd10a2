// Another list of models in the place of the one that is served.
#include "serve/control/list_transition.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <string>
#include <vector>

#include "base/error_catalogue.h"
#include "base/fake_clock.h"
#include "serve/control/alias_cache.h"
#include "serve/control/fake_importer.h"
#include "serve/control/fixed_models.h"
#include "serve/control/joined_source.h"
#include "serve/model/fake_engine.h"

namespace slipway::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string Listed(const std::string& name, const std::string& base_path,
                   const std::string& more = "") {
  return fmt::format("config {{ name: '{}' base_path: '{}' {} }} ", name, base_path, more);
}
std::string ListOf(const std::string& models) { return "model_config_list { " + models + "}"; }

const std::string kAll = "model_version_policy { all {} }";

/// Serves models.config of a folder, which lists "a" in the folder one/. Graphs whose text is
/// "broken" do not compile.
struct World {
  ModelFolder files;
  FakeClock clock;
  FakeEngine engine;
  std::unique_ptr<FolderSource> list;
  std::unique_ptr<ModelSet> models;
  std::unique_ptr<ModelControl> control;

  World() {
    engine.compile = [](const std::string& path) -> Result<FakeExecutable::Behaviour> {
      SLIPWAY_TRY(const std::string graph, ReadFile(path));
      if (graph == "broken") return InvalidArgument("does not compile");
      const TensorSpec spec{.name = "x", .dtype = DType::kF32, .shape = {-1, 2}, .axis_names = {}};
      return FakeExecutable::Behaviour{.signature = {.inputs = {spec}, .outputs = {spec}}};
    };
    files.Write("one/1/model.onnx", "first");
    files.Write("one/2/model.onnx", "second");
    files.Write("other/2/model.onnx", "other");
    files.Write("bad/1/model.onnx", "broken");
    files.Write("models.config", ListOf(Listed("a", "one")));
    list = files.Open();
    models = ModelSet::Create(engine, clock);
    control = ModelControl::Create(*models, *list, {}, list.get());
    EXPECT_TRUE(Load("a").ok());
  }

  Status Load(const std::string& name) {
    std::promise<Status> outcome;
    control->Load(name, {}, [&](Status status) { outcome.set_value(std::move(status)); });
    return outcome.get_future().get();
  }
  Status Replace(const std::string& models_of_list) {
    std::promise<Status> outcome;
    control->ReplaceList(ListOf(models_of_list),
                         [&](Status status) { outcome.set_value(std::move(status)); });
    return outcome.get_future().get();
  }
  std::vector<std::string> Ready() const {
    std::vector<std::string> ready;
    for (const ModelHandle& model : models->Ready()) {
      ready.push_back(fmt::format("{}:{} {}", (*model)->name, (*model)->version,
                                  (*model)->lineage.source_format));
    }
    std::ranges::sort(ready);
    return ready;
  }
  std::string AliasOf(const std::string& name, const std::string& alias) const {
    const Result<std::int64_t> version = list->VersionOfAlias(name, alias);
    return version.ok() ? std::to_string(*version) : "none";
  }
};

TEST(ReplaceList, LoadsWhatIsNewAndUnloadsWhatIsGone) {
  World world;
  EXPECT_THAT(world.Ready(), ElementsAre("a:2 second"));
  EXPECT_TRUE(world.Replace(Listed("b", "other")).ok());
  EXPECT_THAT(world.Ready(), ElementsAre("b:2 other"));
  EXPECT_TRUE(world.models->AllReady());
}

TEST(ReplaceList, AnEmptyListUnloadsEverything) {
  World world;
  EXPECT_TRUE(world.Replace("").ok());
  EXPECT_THAT(world.Ready(), IsEmpty());
}

TEST(ReplaceList, ObeysAnotherPolicyAndItsLabels) {
  World world;
  EXPECT_EQ(world.AliasOf("a", "old"), "none");
  EXPECT_TRUE(
      world.Replace(Listed("a", "one", kAll + " version_labels { key: 'old' value: 1 }")).ok());
  EXPECT_THAT(world.Ready(), ElementsAre("a:1 first", "a:2 second"));
  EXPECT_EQ(world.AliasOf("a", "old"), "1");
  EXPECT_TRUE(world.Replace(Listed("a", "one")).ok());
  EXPECT_THAT(world.Ready(), ElementsAre("a:2 second"));
}

TEST(ReplaceList, AModelThatStandsInBothListsIsLetAlone) {
  World world;
  const ModelHandle before = world.models->Find("a", 2).value();
  EXPECT_TRUE(world.Replace(Listed("a", "one") + Listed("b", "other")).ok());
  EXPECT_EQ(world.models->Find("a", 2).value(), before);
}

TEST(ReplaceList, AnotherBasePathIsAnotherModel) {
  World world;
  EXPECT_TRUE(world.Replace(Listed("a", "other")).ok());
  EXPECT_THAT(world.Ready(), ElementsAre("a:2 other"));
}

TEST(ReplaceList, WhereAModelDoesNotLoadNothingChanges) {
  World world;
  const Status outcome =
      world.Replace(Listed("b", "other") + Listed("c", "bad") + Listed("a", "one", kAll));
  EXPECT_THAT(outcome.ToString(), HasSubstr("c:1"));
  EXPECT_THAT(outcome.ToString(), HasSubstr("does not compile"));
  EXPECT_THAT(world.Ready(), ElementsAre("a:2 second"));
  EXPECT_TRUE(world.models->AllReady());
  EXPECT_FALSE(world.list->Versions("b").ok());
  EXPECT_TRUE(world.Replace(Listed("b", "other")).ok());
}

TEST(ReplaceList, AVersionThatWasReplacedComesBackWhereAnotherModelFails) {
  World world;
  EXPECT_FALSE(world.Replace(Listed("a", "other") + Listed("c", "bad")).ok());
  EXPECT_THAT(world.Ready(), ElementsAre("a:2 second"));
}

// Bad input S14: a list with models that are not there, a name twice, a model without a place
TEST(ReplaceList, WhatCannotBeServedIsRefusedBeforeAnythingIsLoaded) {
  World world;
  EXPECT_THAT(world.Replace(Listed("b", "nowhere")).ToString(), HasSubstr("is not there"));
  EXPECT_THAT(world.Replace(Listed("b", "../../etc")).ToString(), HasSubstr("model \"b\""));
  EXPECT_THAT(world.Replace(Listed("b", "one") + Listed("b", "other")).ToString(),
              HasSubstr("b is there twice"));
  EXPECT_EQ(world.Replace("config { name: 'b' }").number(), errors::kInvalidPackage);
  EXPECT_THAT(world.Ready(), ElementsAre("a:2 second"));
}

TEST(ReplaceList, AModelFromElsewhereKeepsItsName) {
  World world;
  world.models->Load({.name = "b", .version = 7}, nullptr);
  EXPECT_THAT(world.Replace(Listed("b", "other")).ToString(), HasSubstr("from elsewhere"));
  world.list->Reserve("c");
  EXPECT_THAT(world.Replace(Listed("c", "other")).ToString(), HasSubstr("from elsewhere"));
}

TEST(ReplaceList, NeedsAListThatIsServed) {
  World world;
  const auto control = ModelControl::Create(*world.models, *world.list);
  std::promise<Status> outcome;
  control->ReplaceList("", [&](Status status) { outcome.set_value(std::move(status)); });
  EXPECT_EQ(outcome.get_future().get().code(), Code::kFailedPrecondition);
}

TEST(ReplaceList, TheListOnTheDiskCountsAgainOnceItChanges) {
  World world;
  EXPECT_TRUE(world.Replace(Listed("b", "other")).ok());
  EXPECT_FALSE(world.list->Versions("a").ok());
  world.files.Write("models.config", ListOf(Listed("a", "one") + Listed("c", "other")));
  EXPECT_TRUE(world.list->List().ok());
  EXPECT_TRUE(world.list->Versions("a").ok());
  EXPECT_TRUE(world.list->Versions("c").ok());
}

TEST(ReplaceList, WhatWasRememberedOfAnAliasIsForgotten) {
  World world;
  const std::string label = " version_labels { key: 'live' value: ";
  EXPECT_TRUE(world.Replace(Listed("a", "one", kAll + label + "1 }")).ok());
  AliasCache aliases(*world.control, world.clock);
  const auto version_of_live = [&] {
    std::promise<std::int64_t> version;
    aliases.Resolve("a", "live", [&](const auto& found) { version.set_value(*found); });
    return version.get_future().get();
  };
  EXPECT_EQ(version_of_live(), 1);
  EXPECT_TRUE(world.Replace(Listed("a", "one", label + "2 }")).ok());
  EXPECT_EQ(version_of_live(), 2);
}

}  // namespace
}  // namespace slipway::serve
