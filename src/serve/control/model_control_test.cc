#include "serve/control/model_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <set>

#include "base/error_catalogue.h"
#include "base/fake_clock.h"
#include "serve/control/fixed_source.h"
#include "serve/model/fake_engine.h"

namespace slipway::serve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Loads at once, except the versions in `broken`.
class FakeModelSet final : public ModelSet {
 public:
  std::set<std::int64_t> broken;

  void Load(ModelPackage package, std::function<void(Status)> done) override {
    const Status outcome =
        broken.contains(package.version) ? InvalidArgument("does not compile") : Status();
    ++loads[package.version];
    if (outcome.ok()) {
      handles_[package.version] = std::make_shared<ServedModel>(ServedModel::Parts{
          .name = package.name, .version = package.version, .package_digest = package.digest});
    }
    statuses_[package.version] = {.name = package.name,
                                  .version = package.version,
                                  .state = outcome.ok() ? ModelState::kReady : ModelState::kFailed,
                                  .reason = outcome.message()};
    done(outcome);
  }

  Status Unload(const std::string& name, std::optional<std::int64_t> version) override {
    bool found = false;
    for (auto& [number, status] : statuses_) {
      if (status.name != name || version.value_or(number) != number ||
          status.state == ModelState::kUnloaded)
        continue;
      status.state = ModelState::kUnloaded;
      handles_.erase(number);
      found = true;
    }
    return found ? Status() : NotFound("not loaded");
  }

  Result<ModelHandle> Find(std::string_view, std::optional<std::int64_t> version) const override {
    const auto found = handles_.find(version.value_or(0));
    if (found == handles_.end()) return NotFound("not loaded");
    return found->second;
  }

  std::vector<ModelHandle> Ready() const override { return {}; }
  std::vector<ModelHandle> Loaded() const override { return {}; }
  std::vector<ModelStatus> Statuses() const override {
    std::vector<ModelStatus> all;
    for (const auto& [version, status] : statuses_) all.push_back(status);
    return all;
  }
  ModelMemory Memory() const override { return {}; }
  bool AllReady() const override { return true; }

  std::vector<std::int64_t> ReadyVersions() const {
    std::vector<std::int64_t> ready;
    for (const auto& [version, handle] : handles_) ready.push_back(version);
    return ready;
  }

  std::map<std::int64_t, int> loads;

 private:
  std::map<std::int64_t, ModelStatus> statuses_;
  std::map<std::int64_t, ModelHandle> handles_;
};

ModelPackage Package(std::int64_t version) {
  return {.name = "mnist", .version = version, .digest = "sha256:" + std::to_string(version)};
}

struct World {
  FakeModelSet models;
  FixedSource source{{Package(1), Package(2), Package(3)}};
  std::unique_ptr<ModelControl> control = ModelControl::Create(models, source);

  Status Load(const std::string& name, LoadRequest request = {}) {
    std::promise<Status> outcome;
    control->Load(name, std::move(request),
                  [&](Status status) { outcome.set_value(std::move(status)); });
    return outcome.get_future().get();
  }
  Status Unload(const std::string& name) {
    std::promise<Status> outcome;
    control->Unload(name, false, [&](Status status) { outcome.set_value(std::move(status)); });
    return outcome.get_future().get();
  }
  std::vector<std::string> Index(bool ready_only) {
    std::promise<std::vector<std::string>> index;
    control->Index(ready_only, [&](Result<std::vector<IndexRow>> rows) {
      std::vector<std::string> lines;
      for (const IndexRow& row : *rows) {
        lines.push_back(row.name + ":" + std::to_string(row.version) + " " + row.state +
                        (row.reason.empty() ? "" : " ") + row.reason);
      }
      index.set_value(lines);
    });
    return index.get_future().get();
  }
};

LoadRequest Specific(std::vector<std::int64_t> versions) {
  return {.choice = VersionChoice{.kind = VersionChoice::Kind::kSpecific,
                                  .versions = std::move(versions)}};
}

TEST(ModelControl, LoadsTheLatestVersion) {
  World world;
  EXPECT_TRUE(world.Load("mnist").ok());
  EXPECT_THAT(world.models.ReadyVersions(), ElementsAre(3));
}

TEST(ModelControl, LoadsSeveralVersionsAtOnce) {
  World world;
  EXPECT_TRUE(
      world.Load("mnist", {.choice = VersionChoice{.kind = VersionChoice::Kind::kAll}}).ok());
  EXPECT_THAT(world.models.ReadyVersions(), ElementsAre(1, 2, 3));
}

TEST(ModelControl, AChoiceRetiresTheOtherVersions) {
  World world;
  ASSERT_TRUE(world.Load("mnist", Specific({1, 2})).ok());
  EXPECT_TRUE(world.Load("mnist").ok());
  EXPECT_THAT(world.models.ReadyVersions(), ElementsAre(3));
}

TEST(ModelControl, AVersionIsAddedBesideTheOthers) {
  World world;
  ASSERT_TRUE(world.Load("mnist").ok());
  EXPECT_TRUE(world.Load("mnist", {.version = 1}).ok());
  EXPECT_THAT(world.models.ReadyVersions(), ElementsAre(1, 3));
}

// Fault C9: the version before it serves on
TEST(ModelControl, AFailedLoadRetiresNothing) {
  World world;
  ASSERT_TRUE(world.Load("mnist", Specific({1})).ok());
  world.models.broken = {3};
  EXPECT_EQ(world.Load("mnist").code(), Code::kInvalidArgument);
  EXPECT_THAT(world.models.ReadyVersions(), ElementsAre(1));
}

TEST(ModelControl, AReadyVersionOfTheSamePackageIsNotLoadedAgain) {
  World world;
  ASSERT_TRUE(world.Load("mnist").ok());
  EXPECT_TRUE(world.Load("mnist").ok());
  EXPECT_EQ(world.models.loads[3], 1);
}

TEST(ModelControl, AnUnknownModelIsNotFoundWithTheNearName) {
  World world;
  const Status missing = world.Load("mnits");
  EXPECT_EQ(missing.code(), Code::kNotFound);
  EXPECT_EQ(missing.number(), errors::kModelNotFound);
  EXPECT_EQ(missing.hint(), "did you mean \"mnist\"?");
}

TEST(ModelControl, UnloadTakesAllVersions) {
  World world;
  ASSERT_TRUE(world.Load("mnist", Specific({1, 2})).ok());
  EXPECT_TRUE(world.Unload("mnist").ok());
  EXPECT_THAT(world.models.ReadyVersions(), IsEmpty());
}

TEST(ModelControl, UnloadingWhatIsKnownAndNotLoadedIsDone) {
  World world;
  EXPECT_TRUE(world.Unload("mnist").ok());
  EXPECT_EQ(world.Unload("cifar").code(), Code::kNotFound);
}

TEST(ModelControl, IndexShowsWhatIsLoadedAndWhatCouldBe) {
  World world;
  world.models.broken = {2};
  ASSERT_TRUE(world.Load("mnist").ok());
  ASSERT_FALSE(world.Load("mnist", {.version = 2}).ok());
  const std::string failed =
      "mnist:2 " + std::string(ModelStateName(ModelState::kFailed)) + " does not compile";
  EXPECT_THAT(world.Index(false),
              ElementsAre("mnist:1 UNAVAILABLE not loaded", failed, "mnist:3 READY"));
}

TEST(ModelControl, IndexShowsWhyAVersionCannotBeLoaded) {
  class BrokenSource final : public ModelSource {
   public:
    Result<std::vector<Available>> List() const override {
      return std::vector<Available>{
          {.name = "empty", .versions = {}, .reasons = {}, .reason = "no version folder"},
          {.name = "half", .versions = {1, 2}, .reasons = {{1, "a plan"}}, .reason = ""}};
    }
    Result<std::vector<std::int64_t>> Versions(const std::string&) const override {
      return std::vector<std::int64_t>{1, 2};
    }
    Result<std::int64_t> VersionOfAlias(const std::string&, const std::string&) const override {
      return NotFound("no alias");
    }
    Result<ModelPackage> Resolve(const std::string&, std::int64_t) const override {
      return InvalidArgument("not a model");
    }
  };
  World world;
  const BrokenSource source;
  world.control = ModelControl::Create(world.models, source);
  EXPECT_FALSE(world.Load("half").ok());
  EXPECT_THAT(world.Index(false),
              ElementsAre("empty:0 UNAVAILABLE no version folder", "half:1 UNAVAILABLE a plan",
                          "half:2 UNAVAILABLE not a model"));
}

TEST(ModelControl, IndexOfReadyVersionsLeavesTheRestOut) {
  World world;
  ASSERT_TRUE(world.Load("mnist").ok());
  EXPECT_THAT(world.Index(true), ElementsAre("mnist:3 READY"));
}

TEST(ModelControl, AnAliasThatNobodySetIsNotFound) {
  World world;
  std::promise<Status> outcome;
  world.control->ResolveAlias("mnist", "prod", [&](Result<std::int64_t> version) {
    outcome.set_value(std::move(version).status());
  });
  EXPECT_EQ(outcome.get_future().get().code(), Code::kNotFound);
}

/// "a" (versions 1 and 2) and "ensemble", whose one step is "a" of `version`.
struct EnsembleWorld {
  explicit EnsembleWorld(std::optional<std::int64_t> version = std::nullopt,
                         const std::string& member = "a")
      : source({Member(1), Member(2), Ensemble(version, member)}) {
    engine.compile = [](const std::string& path) -> Result<FakeExecutable::Behaviour> {
      if (path == "broken") return InvalidArgument("the engine cannot read it");
      return FakeExecutable::Behaviour{.signature = FakeSignature()};
    };
  }

  static ModelPackage Member(std::int64_t version) {
    ModelPackage package{.name = "a", .version = version};
    package.manifest.signature = FakeSignature();
    return package;
  }
  static ModelPackage Ensemble(std::optional<std::int64_t> version, const std::string& member) {
    ModelPackage package{.name = "ensemble", .version = 1};
    package.manifest.name = "ensemble";
    package.manifest.signature = FakeSignature();
    package.manifest.ensemble.emplace();
    package.manifest.ensemble->steps = {{.model = member,
                                         .version = version,
                                         .input_map = {{"x", "x"}},
                                         .output_map = {{"y", "y"}}}};
    return package;
  }

  Status Load(const std::string& name, LoadRequest request = {}) {
    std::promise<Status> outcome;
    control->Load(name, std::move(request),
                  [&](Status status) { outcome.set_value(std::move(status)); });
    return outcome.get_future().get();
  }
  Status Unload(const std::string& name, bool with_dependents) {
    std::promise<Status> outcome;
    control->Unload(name, with_dependents,
                    [&](Status status) { outcome.set_value(std::move(status)); });
    return outcome.get_future().get();
  }
  std::vector<std::string> Ready() const {
    std::vector<std::string> names;
    for (const ModelHandle& model : models->Ready())
      names.push_back((*model)->name + ":" + std::to_string((*model)->version));
    return names;
  }

  FakeClock clock;
  FakeEngine engine;
  FixedSource source;
  std::unique_ptr<ModelSet> models = ModelSet::Create(engine, clock);
  std::unique_ptr<ModelControl> control = ModelControl::Create(*models, source);
};

TEST(ModelControl, AnEnsemblesModelsAreLoadedWithIt) {
  EnsembleWorld latest;
  ASSERT_TRUE(latest.Load("ensemble").ok());
  EXPECT_THAT(latest.Ready(), ElementsAre("a:2", "ensemble:1"));
  EnsembleWorld pinned(1);
  ASSERT_TRUE(pinned.Load("ensemble").ok());
  EXPECT_THAT(pinned.Ready(), ElementsAre("a:1", "ensemble:1"));
}

TEST(ModelControl, AnEnsemblesModelsThatServeStayAsTheyAre) {
  EnsembleWorld world;
  ASSERT_TRUE(world.Load("a").ok());
  const ModelHandle before = world.models->Find("a", 2).value();
  ASSERT_TRUE(world.Load("ensemble").ok());
  EXPECT_EQ(world.models->Find("a", 2).value(), before);
}

/// "a" cannot be found until `is_there`.
class LateSource final : public ModelSource {
 public:
  explicit LateSource(const ModelSource& inner) : inner_(inner) {}
  Result<std::vector<Available>> List() const override { return inner_.List(); }
  Result<std::vector<std::int64_t>> Versions(const std::string& name) const override {
    if (name == "a" && !is_there) return NotFound("not there").With(errors::kModelNotFound);
    return inner_.Versions(name);
  }
  Result<std::int64_t> VersionOfAlias(const std::string& name,
                                      const std::string& alias) const override {
    return inner_.VersionOfAlias(name, alias);
  }
  Result<ModelPackage> Resolve(const std::string& name, std::int64_t version) const override {
    return inner_.Resolve(name, version);
  }
  std::atomic<bool> is_there = false;

 private:
  const ModelSource& inner_;
};

TEST(ModelControl, AnEnsembleThatWaitsForAModelIsLoadedOnceThatIs) {
  EnsembleWorld world;
  LateSource late(world.source);
  world.control = ModelControl::Create(*world.models, late);
  EXPECT_EQ(world.Load("ensemble").number(), errors::kModelNotFound);
  EXPECT_TRUE(world.models->AllReady()) << "nothing of it was loaded";
  std::promise<std::string> reason;
  world.control->Index(false, [&](Result<std::vector<IndexRow>> rows) {
    reason.set_value(rows->back().name + " " + rows->back().reason);
  });
  EXPECT_EQ(reason.get_future().get(), "ensemble not there (at ensemble, step 0 (model \"a\"))");
  late.is_there = true;
  ASSERT_TRUE(world.Load("a").ok());
  // Its load was queued before this call, and is done before.
  std::promise<Status> after;
  world.control->Load("a", {}, [&](Status status) { after.set_value(std::move(status)); });
  ASSERT_TRUE(after.get_future().get().ok());
  EXPECT_THAT(world.Ready(), ElementsAre("a:2", "ensemble:1"));
}

TEST(ModelControl, ALoadsConfigurationReplacesTheSteps) {
  EnsembleWorld world;
  ModelConfig config;
  config.ensemble = EnsembleWorld::Ensemble(1, "a").manifest.ensemble;
  ASSERT_TRUE(world.Load("ensemble", {.config = config}).ok());
  EXPECT_THAT(world.Ready(), ElementsAre("a:1", "ensemble:1"));
}

TEST(ModelControl, StepsThatCannotRunAreRefusedAndSoAreThoseForAGraph) {
  EnsembleWorld world;
  ModelConfig config;
  config.ensemble = EnsembleWorld::Ensemble(1, "").manifest.ensemble;
  Status refusal = world.Load("ensemble", {.config = config});
  EXPECT_EQ(refusal.number(), errors::kRequestFieldInvalid);
  EXPECT_EQ(refusal.message(), "a step has no model, and the package no graph");
  refusal = world.Load("a", {.config = config});
  EXPECT_EQ(refusal.number(), errors::kRequestFieldInvalid);
  EXPECT_EQ(refusal.message(), "model \"a\" is no ensemble: it has a graph of its own");
}

// Bad input R2: a step that names a server which no operator named
TEST(ModelControl, AStepOnAServerThatNobodyNamedIsRefused) {
  EnsembleWorld world;
  ModelConfig config;
  config.ensemble = EnsembleWorld::Ensemble(1, "a").manifest.ensemble;
  config.ensemble->steps[0].server = "far";
  const Status refusal = world.Load("ensemble", {.config = config});
  EXPECT_EQ(refusal.number(), errors::kRemoteNotAllowed);
  EXPECT_EQ(refusal.place(), "ensemble, step 0 (model \"a\" on \"far\")");
}

TEST(ModelControl, AStepOnAServerThatIsNamedIsAndItsTroubleIsShown) {
  EnsembleWorld world;
  std::string trouble;
  world.control = ModelControl::Create(*world.models, world.source, [&](const std::string& server) {
    return server == "far" ? std::optional<std::string>(trouble) : std::nullopt;
  });
  ModelConfig config;
  config.ensemble = EnsembleWorld::Ensemble(1, "elsewhere").manifest.ensemble;
  config.ensemble->steps[0].server = "far";
  ASSERT_TRUE(world.Load("ensemble", {.config = config}).ok());
  EXPECT_THAT(world.Ready(), ElementsAre("ensemble:1"));
  for (const std::string why : {"", "is not asked"}) {
    trouble = why;
    std::promise<std::string> reason;
    world.control->Index(
        true, [&](Result<std::vector<IndexRow>> rows) { reason.set_value(rows->back().reason); });
    EXPECT_EQ(reason.get_future().get(),
              why.empty() ? "" : "step 0 (model \"elsewhere\" on \"far\"): is not asked");
  }
}

TEST(ModelControl, AnEnsemblesModelsAreUnloadedWithItWhenThatIsAskedFor) {
  EnsembleWorld world;
  ASSERT_TRUE(world.Load("ensemble").ok());
  ASSERT_TRUE(world.Unload("ensemble", false).ok());
  EXPECT_THAT(world.Ready(), ElementsAre("a:2"));
  ASSERT_TRUE(world.Load("ensemble").ok());
  ASSERT_TRUE(world.Unload("ensemble", true).ok());
  EXPECT_THAT(world.Ready(), IsEmpty());
}

TEST(ModelControl, AModelThatAnotherEnsembleNeedsStays) {
  EnsembleWorld world;
  ModelPackage other = EnsembleWorld::Ensemble(std::nullopt, "a");
  other.name = "other";
  ASSERT_TRUE(world.Load("ensemble").ok());
  ASSERT_TRUE(world.models->LoadAndWait(std::move(other)).ok());
  ASSERT_TRUE(world.Unload("ensemble", true).ok());
  EXPECT_THAT(world.Ready(), ElementsAre("a:2", "other:1"));
}

TEST(ModelControl, AnEnsembleOfAnUnknownModelIsNotLoaded) {
  EnsembleWorld world(std::nullopt, "b");
  const Status status = world.Load("ensemble");
  EXPECT_EQ(status.number(), errors::kModelNotFound);
  EXPECT_EQ(status.ToString(), "there is no model \"b\" (at ensemble, step 0 (model \"b\"))");
  EXPECT_THAT(world.Ready(), IsEmpty());
}

TEST(ModelControl, AnEnsembleOfAnEnsembleIsNotLoaded) {
  EnsembleWorld world(std::nullopt, "ensemble");
  EXPECT_EQ(world.Load("ensemble").message(), "an ensemble cannot be a step of another");
}

}  // namespace
}  // namespace slipway::serve
