#include "serve/model/model_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <thread>

#include "base/error_catalogue.h"
#include "base/fake_clock.h"
#include "base/file.h"
#include "base/sha256.h"
#include "serve/model/fake_engine.h"
#include "serve/model/served_ensemble.h"

namespace slipway::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kLongEnough = std::chrono::seconds(20);

// A door that the loading thread waits at until the test opens it.
class Gate {
 public:
  void Open() { opened_.set_value(); }
  void WaitToBeOpened() { future_.wait(); }
  void Arrive() { arrived_.set_value(); }
  bool WaitForArrival() {
    return arrived_.get_future().wait_for(kLongEnough) == std::future_status::ready;
  }

 private:
  std::promise<void> opened_;
  std::shared_future<void> future_ = opened_.get_future().share();
  std::promise<void> arrived_;
};

Status Busy(std::chrono::nanoseconds duration) {
  const Stopwatch watch;
  while (watch.Elapsed() < duration) {
  }
  return {};
}

struct World {
  FakeClock clock;
  FakeEngine engine;
  std::map<std::string, FakeExecutable::Behaviour> files;
  std::unique_ptr<ModelSet> models;

  World() {
    engine.compile = [this](const std::string& path) -> Result<FakeExecutable::Behaviour> {
      const auto found = files.find(path);
      if (found == files.end()) return InvalidArgument("the engine cannot read it");
      return found->second;
    };
    models = ModelSet::Create(engine, clock);
  }

  FakeExecutable::Behaviour& File(const std::string& path, float answer = 0) {
    files[path] = {.signature = FakeSignature(), .answer = answer};
    return files[path];
  }

  static ModelPackage Package(std::int64_t version, const std::string& path,
                              const std::string& name = "mnist") {
    ModelPackage package{.name = name, .version = version, .graph_path = path};
    package.manifest.signature = FakeSignature();
    return package;
  }

  Status Load(std::int64_t version, const std::string& path, const std::string& name = "mnist") {
    return models->LoadAndWait(Package(version, path, name));
  }

  // "mnist:1 READY", in order.
  std::vector<std::string> States() const {
    std::vector<std::string> lines;
    for (const ModelStatus& status : models->Statuses()) {
      lines.push_back(status.name + ":" + std::to_string(status.version) + " " +
                      std::string(ModelStateName(status.state)));
    }
    return lines;
  }

  // Loads after which all earlier tasks of the loading thread are done.
  void Settle() {
    File("settle.onnx");
    ASSERT_TRUE(Load(1, "settle.onnx", "settle").ok());
    ASSERT_TRUE(models->Unload("settle", std::nullopt).ok());
    ASSERT_TRUE(Load(1, "settle.onnx", "settle").ok());
  }
};

TEST(ModelSet, ALoadedModelIsFoundWithAndWithoutItsVersion) {
  World world;
  world.File("a.onnx");
  ASSERT_TRUE(world.Load(3, "a.onnx").ok());
  EXPECT_EQ((*world.models->Find("mnist", std::nullopt).value())->version, 3);
  EXPECT_EQ((*world.models->Find("mnist", 3).value())->name, "mnist");
  EXPECT_TRUE(world.models->AllReady());
}

TEST(ModelSet, WithoutAVersionTheHighestReadyOneAnswers) {
  World world;
  world.File("a.onnx");
  ASSERT_TRUE(world.Load(10, "a.onnx").ok());
  ASSERT_TRUE(world.Load(9, "a.onnx").ok());
  ASSERT_FALSE(world.Load(11, "missing.onnx").ok());
  EXPECT_EQ((*world.models->Find("mnist", std::nullopt).value())->version, 10);
}

TEST(ModelSet, AModelIsReadyOnlyAfterItRan) {
  World world;
  const auto runs = world.File("a.onnx").runs;
  ASSERT_TRUE(world.Load(1, "a.onnx").ok());
  EXPECT_GE(*runs, 1);
  EXPECT_GT((*world.models->Find("mnist", 1).value())->run_time.count(), 0);
}

TEST(ModelSet, AFailedLoadSaysWhyAndTouchesNothingElse) {
  World world;
  world.File("good.onnx");
  ASSERT_TRUE(world.Load(1, "good.onnx").ok());
  const Status failure = world.Load(2, "bad.onnx");
  EXPECT_EQ(failure.ToString(), "the engine cannot read it (at model mnist:2)");
  EXPECT_TRUE(world.models->Find("mnist", 1).ok());
  EXPECT_THAT(world.States(), ElementsAre("mnist:1 READY", "mnist:2 FAILED"));
  EXPECT_EQ(world.models->Statuses()[1].reason, "the engine cannot read it");
  EXPECT_FALSE(world.models->AllReady());
  EXPECT_TRUE(world.models->Unload("mnist", 2).ok());
  EXPECT_TRUE(world.models->AllReady());
}

// Fault C1: one that ended too often
TEST(ModelSet, AModelWhoseProcessIsNotStartedAgainIsNotReady) {
  World world;
  const auto outside = std::make_shared<FakeOutside>();
  world.File("a.onnx");
  world.File("b.onnx").outside = outside;
  ASSERT_TRUE(world.Load(1, "a.onnx").ok());
  ASSERT_TRUE(world.Load(2, "b.onnx").ok());
  ASSERT_TRUE(world.models->Find("mnist", 2).ok());
  outside->is_quarantined = true;
  const Status status = world.models->Find("mnist", 2).status();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(status.number(), errors::kEngineQuarantined);
  EXPECT_THAT(status.message(), HasSubstr("it ended too often"));
  EXPECT_EQ((*world.models->Find("mnist", std::nullopt).value())->version, 1);
  EXPECT_THAT(world.States(), ElementsAre("mnist:1 READY", "mnist:2 FAILED"));
  EXPECT_THAT(world.models->Statuses()[1].reason, HasSubstr("it ended too often"));
  EXPECT_EQ(world.models->Ready().size(), 1U);
  EXPECT_TRUE(world.models->AllReady()) << "the others serve";
  world.File("b.onnx");
  ASSERT_TRUE(world.Load(2, "b.onnx").ok());
  EXPECT_TRUE(world.models->Find("mnist", 2).ok());
}

TEST(ModelSet, MemoryOfAProcessCountsAsTheModels) {
  World world;
  const auto outside = std::make_shared<FakeOutside>();
  outside->size = std::uint64_t{1} << 40;
  world.File("a.onnx").outside = outside;
  ASSERT_TRUE(world.Load(1, "a.onnx").ok());
  EXPECT_GE((*world.models->Find("mnist", 1).value())->memory_bytes, std::uint64_t{1} << 40);
}

TEST(ModelSet, AModelThatDoesNotRunIsNotReady) {
  World world;
  FakeExecutable::Behaviour& file = world.File("a.onnx");
  file.signature.inputs[0].shape = {1, 2};
  file.on_run = [] { return Internal("the kernel failed"); };
  ModelPackage package = World::Package(1, "a.onnx");
  package.manifest.signature = file.signature;
  EXPECT_EQ(world.models->LoadAndWait(package).message(), "the kernel failed");
  EXPECT_THAT(world.States(), ElementsAre("mnist:1 FAILED"));
}

// Fault C10: another signature than promised
TEST(ModelSet, AGraphThatIsNotWhatThePackagePromisesIsRefused) {
  World world;
  world.File("a.onnx").signature.inputs[0].name = "z";
  const Status refusal = world.Load(1, "a.onnx");
  EXPECT_EQ(refusal.number(), errors::kInvalidPackage);
  EXPECT_THAT(refusal.message(), HasSubstr("x f32[N,2] in the package and z f32[N,2]"));
}

TEST(ModelSet, WhatWasFoundOfOutputsIsKept) {
  World world;
  world.File("a.onnx");
  ASSERT_TRUE(world.Load(1, "a.onnx").ok());
  EXPECT_THAT((*world.models->Find("mnist", 1).value())->output_memory,
              ElementsAre(OutputMemory::kFollowsBatch));
}

TEST(ModelSet, AnUnknownNameGivesTheNearOne) {
  World world;
  world.File("a.onnx");
  ASSERT_TRUE(world.Load(1, "a.onnx").ok());
  const Status unknown = world.models->Find("mnits", std::nullopt).status();
  EXPECT_EQ(unknown.code(), Code::kNotFound);
  EXPECT_EQ(unknown.number(), errors::kModelNotFound);
  EXPECT_EQ(unknown.hint(), "did you mean \"mnist\"?");
}

TEST(ModelSet, AMissingVersionNamesTheReadyOnes) {
  World world;
  world.File("a.onnx");
  ASSERT_TRUE(world.Load(1, "a.onnx").ok());
  ASSERT_TRUE(world.Load(3, "a.onnx").ok());
  EXPECT_EQ(world.models->Find("mnist", 2).status().hint(), "ready versions: 1, 3");
}

TEST(ModelSet, WhileAModelLoadsItIsNotReadyAndSaysSo) {
  World world;
  Gate gate;
  world.File("a.onnx").on_run = [&, first = true]() mutable {
    if (std::exchange(first, false)) {
      gate.Arrive();
      gate.WaitToBeOpened();
    }
    return Status();
  };
  std::promise<Status> outcome;
  world.models->Load(World::Package(1, "a.onnx"),
                     [&](Status status) { outcome.set_value(std::move(status)); });
  ASSERT_TRUE(gate.WaitForArrival());
  const Status refusal = world.models->Find("mnist", std::nullopt).status();
  EXPECT_EQ(refusal.code(), Code::kUnavailable);
  EXPECT_EQ(refusal.number(), errors::kModelNotReady);
  EXPECT_THAT(refusal.message(), HasSubstr("WARMING"));
  EXPECT_FALSE(world.models->AllReady());
  gate.Open();
  EXPECT_TRUE(outcome.get_future().get().ok());
  EXPECT_TRUE(world.models->AllReady());
}

TEST(ModelSet, AVersionThatIsUnloadedWhileItLoadsIsNotPublished) {
  World world;
  Gate gate;
  world.File("a.onnx").on_run = [&, first = true]() mutable {
    if (std::exchange(first, false)) {
      gate.Arrive();
      gate.WaitToBeOpened();
    }
    return Status();
  };
  std::promise<Status> outcome;
  world.models->Load(World::Package(1, "a.onnx"),
                     [&](Status status) { outcome.set_value(std::move(status)); });
  ASSERT_TRUE(gate.WaitForArrival());
  EXPECT_TRUE(world.models->Unload("mnist", std::nullopt).ok());
  gate.Open();
  EXPECT_EQ(outcome.get_future().get().code(), Code::kCancelled);
  EXPECT_FALSE(world.models->Find("mnist", std::nullopt).ok());
  EXPECT_THAT(world.States(), ElementsAre("mnist:1 UNAVAILABLE"));
}

// Fault A8: a version that is unloaded while it runs
TEST(ModelSet, AHandleKeepsAnUnloadedVersionAlive) {
  World world;
  const auto alive = world.File("a.onnx").alive;
  ASSERT_TRUE(world.Load(1, "a.onnx").ok());
  ModelHandle pinned = world.models->Find("mnist", 1).value();
  ASSERT_TRUE(world.models->Unload("mnist", 1).ok());
  EXPECT_FALSE(world.models->Find("mnist", 1).ok());
  world.Settle();
  EXPECT_EQ(*alive, 1);
  EXPECT_EQ(world.States()[0], "mnist:1 UNLOADING");
  pinned.reset();
  world.Settle();
  EXPECT_EQ(*alive, 0);
  EXPECT_EQ(world.States()[0], "mnist:1 UNAVAILABLE");
}

TEST(ModelSet, AHandleMayOutliveTheSet) {
  std::shared_ptr<std::atomic<int>> alive;
  ModelHandle pinned;
  {
    World world;
    alive = world.File("a.onnx").alive;
    ASSERT_TRUE(world.Load(1, "a.onnx").ok());
    pinned = world.models->Find("mnist", 1).value();
  }
  EXPECT_EQ(*alive, 1);
  pinned.reset();
  EXPECT_EQ(*alive, 0);
}

TEST(ModelSet, UnloadingWhatIsNotLoadedIsNotFound) {
  World world;
  EXPECT_EQ(world.models->Unload("mnist", std::nullopt).code(), Code::kNotFound);
  world.File("a.onnx");
  ASSERT_TRUE(world.Load(1, "a.onnx").ok());
  EXPECT_EQ(world.models->Unload("mnist", 2).code(), Code::kNotFound);
  EXPECT_TRUE(world.models->Unload("mnist", 1).ok());
  EXPECT_EQ(world.models->Unload("mnist", 1).code(), Code::kNotFound);
}

TEST(ModelSet, UnloadedVersionsAreForgottenAfterAnHour) {
  World world;
  world.File("a.onnx");
  ASSERT_TRUE(world.Load(1, "a.onnx").ok());
  ASSERT_TRUE(world.models->Unload("mnist", std::nullopt).ok());
  world.Settle();
  world.clock.Advance(std::chrono::minutes(59));
  EXPECT_THAT(world.States(), ElementsAre("mnist:1 UNAVAILABLE", "settle:1 READY"));
  world.clock.Advance(std::chrono::minutes(2));
  EXPECT_THAT(world.States(), ElementsAre("settle:1 READY"));
}

// Fault D4: without a gap
TEST(ModelSet, AVersionIsReplacedWithoutAGap) {
  World world;
  world.File("old.onnx", 1);
  world.File("new.onnx", 2);
  ASSERT_TRUE(world.Load(1, "old.onnx").ok());
  std::atomic<bool> stop = false;
  std::atomic<int> missed = 0;
  std::jthread reader([&] {
    while (!stop) {
      if (!world.models->Find("mnist", std::nullopt).ok()) ++missed;
    }
  });
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(world.Load(1, i % 2 == 0 ? "new.onnx" : "old.onnx").ok());
    EXPECT_THAT(world.States(), ElementsAre("mnist:1 READY"));
  }
  stop = true;
  reader.join();
  EXPECT_EQ(missed, 0);
}

// Fault C9: the old version serves on
TEST(ModelSet, AFailedReplacementLeavesTheOldVersionServing) {
  World world;
  world.File("old.onnx");
  ASSERT_TRUE(world.Load(1, "old.onnx").ok());
  EXPECT_FALSE(world.Load(1, "broken.onnx").ok());
  EXPECT_TRUE(world.models->Find("mnist", 1).ok());
  EXPECT_THAT(world.States(), ElementsAre("mnist:1 READY"));
}

// Fault D4: a version beside the one that is asked for
TEST(ModelSet, ManyThreadsFindWhileOthersLoadAndUnload) {
  World world;
  const auto alive = world.File("a.onnx").alive;
  ASSERT_TRUE(world.Load(1, "a.onnx").ok());
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> wrong = 0;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 4; ++i) {
      readers.emplace_back([&] {
        while (!stop) {
          const Result<ModelHandle> found = world.models->Find("mnist", 1);
          if (!found.ok() || (**found)->version != 1) ++wrong;
          if (const Result<ModelHandle> other = world.models->Find("mnist", 2); other.ok())
            wrong += (**other)->version != 2;
        }
      });
    }
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(world.Load(2, "a.onnx").ok());
      ASSERT_TRUE(world.models->Unload("mnist", 2).ok());
    }
    stop = true;
  }
  EXPECT_EQ(wrong, 0u);
  world.Settle();
  EXPECT_EQ(*alive, 1);
}

TEST(ModelSet, LoadsThatNobodyBeganAreCancelledWhenTheSetEnds) {
  Gate gate;
  std::promise<Status> second;
  {
    World world;
    world.File("b.onnx");
    world.File("a.onnx").on_run = [&, first = true]() mutable {
      if (std::exchange(first, false)) {
        gate.Arrive();
        gate.WaitToBeOpened();
      }
      return Status();
    };
    world.models->Load(World::Package(1, "a.onnx"), nullptr);
    ASSERT_TRUE(gate.WaitForArrival());
    world.models->Load(World::Package(2, "b.onnx"),
                       [&](Status status) { second.set_value(std::move(status)); });
    std::jthread opener([&] { gate.Open(); });
    world.models.reset();
  }
  EXPECT_THAT(second.get_future().get().code(), testing::AnyOf(Code::kCancelled, Code::kOk));
}

/// An ensemble of one step over "a", and behind it, with a graph, one over its own graph.
ModelPackage EnsembleOverA(const std::string& graph_path = "") {
  ModelPackage package{.name = "ensemble", .version = 1, .graph_path = graph_path};
  package.manifest.signature = FakeSignature();
  package::EnsembleStep step{
      .model = "a", .version = {}, .input_map = {{"x", "x"}}, .output_map = {{"y", "y"}}};
  package.manifest.ensemble.emplace();
  if (!graph_path.empty()) {
    step.output_map["y"] = "between";
    package.manifest.graph.emplace();
    package.manifest.signature.outputs[0].name = "z";
    package.manifest.ensemble->steps = {
        step,
        {.model = "", .version = {}, .input_map = {{"x", "between"}}, .output_map = {{"y", "z"}}}};
  } else {
    package.manifest.ensemble->steps = {step};
  }
  return package;
}

TEST(ModelSet, AnEnsembleIsReadyWhenItsModelsAre) {
  World world;
  world.File("a.onnx");
  const Status missing = world.models->LoadAndWait(EnsembleOverA());
  EXPECT_EQ(missing.number(), errors::kModelNotReady);
  EXPECT_EQ(missing.ToString(),
            "model \"a\" is not loaded (at model ensemble:1, step 0 (model \"a\"))");
  EXPECT_FALSE(world.models->Find("ensemble", 1).ok());
  ASSERT_TRUE(world.Load(1, "a.onnx", "a").ok());
  ASSERT_TRUE(world.models->LoadAndWait(EnsembleOverA()).ok());
  const Result<ModelHandle> found = world.models->Find("ensemble", std::nullopt);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ((**found)->platform, "ensemble");
  EXPECT_EQ((*found)->backend(), "");
  EXPECT_TRUE(world.models->AllReady());
}

TEST(ModelSet, AnEnsembleWhoseModelIsUnloadedSaysSoUntilItIsBack) {
  World world;
  world.File("a.onnx");
  ASSERT_TRUE(world.Load(1, "a.onnx", "a").ok());
  ASSERT_TRUE(world.models->LoadAndWait(EnsembleOverA()).ok());
  ASSERT_TRUE(world.models->Unload("a", std::nullopt).ok());
  const Status gone = world.models->Find("ensemble", std::nullopt).status();
  EXPECT_EQ(gone.number(), errors::kModelNotReady);
  EXPECT_EQ(
      gone.message(),
      "model \"ensemble\" version 1 is not ready: model \"a\" is not loaded (at step 0 (model "
      "\"a\"))");
  EXPECT_THAT(world.models->Ready(), IsEmpty());
  EXPECT_FALSE(world.models->AllReady());
  EXPECT_THAT(world.States(), testing::Contains("ensemble:1 PENDING"));
  ASSERT_TRUE(world.Load(2, "a.onnx", "a").ok());
  EXPECT_TRUE(world.models->Find("ensemble", std::nullopt).ok());
  EXPECT_THAT(world.States(), testing::Contains("ensemble:1 READY"));
}

TEST(ModelSet, AnEnsembleWhoseModelNoLongerFitsIsNotReady) {
  World world;
  world.File("a.onnx");
  ASSERT_TRUE(world.Load(1, "a.onnx", "a").ok());
  ASSERT_TRUE(world.models->LoadAndWait(EnsembleOverA()).ok());
  world.File("wide.onnx").signature.outputs[0].shape = {-1, 4};
  ModelPackage wide = World::Package(2, "wide.onnx", "a");
  wide.manifest.signature.outputs[0].shape = {-1, 4};
  ASSERT_TRUE(world.models->LoadAndWait(std::move(wide)).ok());
  EXPECT_THAT(world.models->Find("ensemble", 1).status().message(),
              HasSubstr("step 0 (model \"a\") writes y f32[N,4]"));
}

TEST(ModelSet, AnEnsembleHasItsOwnGraphOfItsPackage) {
  World world;
  world.File("a.onnx");
  world.File("own.onnx").signature.inputs[0].shape = {-1, 3};
  ASSERT_TRUE(world.Load(1, "a.onnx", "a").ok());
  ASSERT_TRUE(world.models->LoadAndWait(EnsembleOverA("own.onnx")).ok());
  const ModelHandle found = world.models->Find("ensemble", 1).value();
  ASSERT_NE((*found)->ensemble->own_graph, nullptr);
  EXPECT_GT((*(*found)->ensemble->own_graph)->run_time.count(), 0);
}

TEST(ModelSet, AnEnsembleIsNoStepOfAnother) {
  World world;
  world.File("a.onnx");
  ASSERT_TRUE(world.Load(1, "a.onnx", "a").ok());
  ASSERT_TRUE(world.models->LoadAndWait(EnsembleOverA()).ok());
  ModelPackage outer = EnsembleOverA();
  outer.name = "outer";
  outer.manifest.ensemble->steps[0].model = "ensemble";
  EXPECT_THAT(world.models->LoadAndWait(std::move(outer)).ToString(),
              HasSubstr("an ensemble cannot be a step of another"));
}

TEST(ModelSet, ASecondStartTakesTheProfileThatTheFirstKept) {
  World world;
  const TemporaryDirectory folder = TemporaryDirectory::Create("profiles-").value();
  const std::string digest = Sha256Of("package").ToString();
  const auto start = [&](const std::string& machine, std::string digest_of_package) {
    world.models =
        ModelSet::Create(world.engine, world.clock, {}, KeptProfiles(folder.path(), machine));
    ModelPackage package = World::Package(1, "a");
    package.digest = std::move(digest_of_package);
    EXPECT_TRUE(world.models->LoadAndWait(std::move(package)).ok());
    return world.models->Find("mnist", std::nullopt).value();
  };
  world.File("a").on_run = [] { return Busy(std::chrono::microseconds(50)); };
  EXPECT_FALSE((*start("here", digest))->measured_before.IsKnown());
  const ModelHandle second = start("here", digest);
  EXPECT_TRUE((*second)->measured_before.IsKnown());
  EXPECT_EQ((*second)->batches.points().size(), (*second)->measured_before.points().size());
  EXPECT_FALSE((*start("elsewhere", digest))->measured_before.IsKnown());
  EXPECT_FALSE((*start("here", ""))->measured_before.IsKnown());
}

TEST(ModelSet, AKeptProfileOfQuiteAnotherTimeIsMeasuredAnew) {
  World world;
  const TemporaryDirectory folder = TemporaryDirectory::Create("profiles-").value();
  const KeptProfiles profiles(folder.path(), "here");
  const std::string digest = Sha256Of("package").ToString();
  profiles.Keep(digest, BatchProfile({{1, std::chrono::seconds(9)}}));
  world.models = ModelSet::Create(world.engine, world.clock, {}, profiles);
  world.File("a");
  ModelPackage package = World::Package(1, "a");
  package.digest = digest;
  ASSERT_TRUE(world.models->LoadAndWait(std::move(package)).ok());
  EXPECT_FALSE((*world.models->Find("mnist", 1).value())->measured_before.IsKnown());
  EXPECT_LT(profiles.Find(digest)->TimeOf(1), std::chrono::seconds(9));
}

TEST(ModelSet, WhatASlowModelLearnedIsKeptWhenItGoes) {
  World world;
  const TemporaryDirectory folder = TemporaryDirectory::Create("profiles-").value();
  const KeptProfiles profiles(folder.path(), "here");
  const std::string digest = Sha256Of("package").ToString();
  world.File("slow").on_run = [] { return Busy(std::chrono::milliseconds(2)); };
  world.models = ModelSet::Create(world.engine, world.clock, {}, profiles);
  ModelPackage package = World::Package(1, "slow");
  package.digest = digest;
  ASSERT_TRUE(world.models->LoadAndWait(std::move(package)).ok());
  {
    const ModelHandle model = world.models->Find("mnist", 1).value();
    ASSERT_TRUE((*model)->learns_batches);
    model->NoteRun(1, 1, std::chrono::milliseconds(2));
    model->NoteRun(2, 2, std::chrono::milliseconds(3));
    for (int i = 0; i < 2; ++i) model->NoteTrial(BatchLearner::Trial::kAgreed);
  }
  EXPECT_FALSE(profiles.Find(digest).has_value());
  world.models.reset();
  EXPECT_EQ(profiles.Find(digest)->points().size(), 2u);
}

TEST(ModelSet, WhatEachRequestTakesFollowsTheRuns) {
  using std::chrono::milliseconds;
  World world;
  world.File("a");
  ASSERT_TRUE(world.models->LoadAndWait(World::Package(1, "a")).ok());
  const ModelHandle model = world.models->Find("mnist", 1).value();
  EXPECT_EQ(model->PaceOfLate().each, (*model)->run_time);
  EXPECT_EQ(model->PaceOfLate().run, (*model)->run_time);
  model->NoteRun(4, 1, milliseconds(12));
  EXPECT_EQ(model->PaceOfLate().each, milliseconds(12));
  model->NoteRun(64, 0, milliseconds(1));
  EXPECT_EQ(model->PaceOfLate().run, milliseconds(12)) << "made-up rows are nobody's";
  model->NoteRun(16, 16, milliseconds(32));
  EXPECT_EQ(model->PaceOfLate().each, std::chrono::microseconds(9500));
  EXPECT_EQ(model->PaceOfLate().run, milliseconds(17));
  model->NoteRun(64, 64, milliseconds(64));
  EXPECT_EQ(model->PaceOfLate().each, milliseconds(1));
  EXPECT_EQ(model->PaceOfLate().run, milliseconds(64));
}

std::int64_t MostRowsTogether(FakeExecutable::Behaviour behaviour) {
  World world;
  world.File("a") = std::move(behaviour);
  ModelPackage package = World::Package(1, "a");
  package.manifest.signature = world.files["a"].signature;
  package.config = {.max_batch_size = 8, .dynamic_batching = DynamicBatching{}};
  EXPECT_TRUE(world.models->LoadAndWait(std::move(package)).ok());
  return (*world.models->Find("mnist", 1).value())->batch_rules->max_rows;
}

TEST(ModelSet, AConfigurationJoinsNoRowsThatDependOnTheirNeighbours) {
  EXPECT_EQ(MostRowsTogether({.signature = FakeSignature()}), 8);
  EXPECT_EQ(MostRowsTogether({.signature = FakeSignature(), .answers_rows = true}), 1);
  const auto slow = [] { return Busy(std::chrono::milliseconds(2)); };
  EXPECT_EQ(MostRowsTogether({.signature = FakeSignature(), .on_run = slow}), 8);
  EXPECT_EQ(MostRowsTogether({.signature = FakeSignature(), .answers_rows = true, .on_run = slow}),
            1);
}

TEST(ModelSet, RequestsOfOneShapeMayShareRunsWhereSizesAreOpen) {
  Signature open = FakeSignature();
  open.inputs[0].shape = {-1, -1};
  EXPECT_EQ(MostRowsTogether({.signature = open}), 8);
  EXPECT_EQ(MostRowsTogether({.signature = open, .answers_rows = true}), 1);
  open.outputs[0].shape = {-1, -1};
  EXPECT_EQ(MostRowsTogether({.signature = open}), 1) << "the size of the output is not known";
}

TEST(ModelSet, WhatIsLearnedOfOpenSizesAndOfIndicesIsTriedFirst) {
  const auto learns = [](Signature signature, bool depends) {
    World world;
    world.File("a") = {.signature = signature, .answers_rows = depends};
    world.files["a"].on_run = [] { return Busy(std::chrono::milliseconds(2)); };
    ModelPackage package = World::Package(1, "a");
    package.manifest.signature = std::move(signature);
    EXPECT_TRUE(world.models->LoadAndWait(std::move(package)).ok());
    return (*world.models->Find("mnist", 1).value())->learns_batches;
  };
  Signature open = FakeSignature();
  open.inputs[0].shape = {-1, -1};
  Signature indices = FakeSignature();
  indices.inputs[0].dtype = DType::kI64;
  for (const Signature& signature : {open, indices}) {
    EXPECT_TRUE(learns(signature, false));
    EXPECT_FALSE(learns(signature, true));
  }
  EXPECT_TRUE(learns(FakeSignature(), true)) << "found out beside its first requests";
}

}  // namespace
}  // namespace slipway::serve
