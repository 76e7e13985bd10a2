// Which loads run beside which, what they may take, and what is kept of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <future>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/error_catalogue.h"
#include "base/fake_clock.h"
#include "base/file.h"
#include "serve/model/fake_engine.h"
#include "serve/model/model_set.h"

namespace slipway::serve {
namespace {

using testing::HasSubstr;
using Origin = engine::CompileCache::Origin;

constexpr auto kLongEnough = std::chrono::seconds(20);

// The load of a "slow..." file, of which a test has one, waits until the test opens the gate.
struct World {
  FakeClock clock;
  FakeEngine engine;
  std::promise<void> begun;  // by the slow load
  std::promise<void> gate;
  std::shared_future<void> opened = gate.get_future().share();
  std::mutex mutex;
  std::multiset<std::string> compiled;  // guarded by mutex
  std::unique_ptr<ModelSet> models;

  explicit World(ModelSetOptions options) {
    engine.compile = [this](const std::string& path) -> Result<FakeExecutable::Behaviour> {
      {
        const std::lock_guard lock(mutex);
        compiled.insert(path);
      }
      if (path.starts_with("slow")) {
        begun.set_value();
        opened.wait();
      }
      if (path.starts_with("bad")) return InvalidArgument("the engine cannot read it");
      return FakeExecutable::Behaviour{.signature = FakeSignature()};
    };
    models = ModelSet::Create(engine, clock, options);
  }

  static ModelPackage Package(const std::string& name, std::int64_t version,
                              const std::string& path, std::uint64_t bytes = 0) {
    ModelPackage package{.name = name, .version = version, .graph_path = path};
    package.manifest.signature = FakeSignature();
    package.manifest.graph = package::Blob{Sha256Of(path), bytes};
    return package;
  }

  std::future<Status> Load(ModelPackage package) {
    const auto outcome = std::make_shared<std::promise<Status>>();
    models->Load(std::move(package),
                 [outcome](Status status) { outcome->set_value(std::move(status)); });
    return outcome->get_future();
  }

  bool WasCompiled(const std::string& path) {
    const std::lock_guard lock(mutex);
    return compiled.contains(path);
  }
};

Status Outcome(std::future<Status> outcome) {
  if (outcome.wait_for(kLongEnough) != std::future_status::ready)
    return DeadlineExceeded("the load did not end");
  return outcome.get();
}

TEST(Loading, ASlowLoadDelaysNoOtherModel) {
  World world({.load_threads = 2});
  std::future<Status> slow = world.Load(World::Package("slow", 1, "slow.onnx"));
  for (const std::string name : {"a", "b", "c"})
    EXPECT_TRUE(Outcome(world.Load(World::Package(name, 1, name + ".onnx"))).ok()) << name;
  EXPECT_FALSE(world.models->AllReady());
  world.gate.set_value();
  EXPECT_TRUE(Outcome(std::move(slow)).ok());
  EXPECT_TRUE(world.models->AllReady());
}

TEST(Loading, VersionsOfOneModelLoadOneAfterTheOther) {
  World world({.load_threads = 2});
  std::future<Status> first = world.Load(World::Package("m", 1, "slow.onnx"));
  std::future<Status> second = world.Load(World::Package("m", 1, "second.onnx"));
  // Whoever could load it has nothing else to do.
  EXPECT_TRUE(Outcome(world.Load(World::Package("other", 1, "other.onnx"))).ok());
  EXPECT_FALSE(world.WasCompiled("second.onnx"));
  world.gate.set_value();
  EXPECT_TRUE(Outcome(std::move(first)).ok());
  EXPECT_TRUE(Outcome(std::move(second)).ok());
}

TEST(Loading, AnEnsembleWaitsForWhatWasAskedForBeforeIt) {
  World world({.load_threads = 2});
  std::future<Status> member = world.Load(World::Package("a", 1, "slow.onnx"));
  ModelPackage package{.name = "ensemble"};
  package.manifest.signature = FakeSignature();
  package.manifest.ensemble.emplace();
  package.manifest.ensemble->steps = {
      {.model = "a", .version = {}, .input_map = {{"x", "x"}}, .output_map = {{"y", "y"}}}};
  std::future<Status> ensemble = world.Load(std::move(package));
  EXPECT_TRUE(Outcome(world.Load(World::Package("b", 1, "b.onnx"))).ok());
  EXPECT_EQ(ensemble.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  world.gate.set_value();
  EXPECT_TRUE(Outcome(std::move(member)).ok());
  EXPECT_TRUE(Outcome(std::move(ensemble)).ok());
}

// Fault C3: refused before it begins
TEST(Loading, ALoadBeyondTheMemoryBudgetIsRefusedBeforeItBegins) {
  World world({.memory_budget = 100'000});
  const Status refused = Outcome(world.Load(World::Package("large", 1, "large.onnx", 50'000)));
  EXPECT_EQ(refused.number(), errors::kMemoryBudget);
  EXPECT_THAT(refused.message(), HasSubstr("needs about 146"));  // KiB
  EXPECT_FALSE(world.WasCompiled("large.onnx"));
  EXPECT_THAT(world.models->Statuses().front().reason, HasSubstr("needs about"));
  EXPECT_EQ(world.models->Memory().held, 0U);
  EXPECT_TRUE(Outcome(world.Load(World::Package("small", 1, "small.onnx", 1'000))).ok());
}

TEST(Loading, WhatAFailedLoadWouldHaveTakenIsFreeAgain) {
  World world({.memory_budget = 1'000'000});
  EXPECT_FALSE(Outcome(world.Load(World::Package("m", 1, "bad.onnx", 300'000))).ok());
  EXPECT_EQ(world.models->Memory().held, 0U);
}

TEST(Loading, ALoadUnderWayHoldsWhatItIsExpectedToTake) {
  World world({.load_threads = 2, .memory_budget = 1'000'000, .pages = false});
  std::future<Status> slow = world.Load(World::Package("slow", 1, "slow.onnx", 300'000));
  ASSERT_EQ(world.begun.get_future().wait_for(kLongEnough), std::future_status::ready);
  const Status refused = Outcome(world.Load(World::Package("m", 1, "m.onnx", 100'000)));
  EXPECT_EQ(refused.number(), errors::kMemoryBudget);
  world.gate.set_value();
  EXPECT_TRUE(Outcome(std::move(slow)).ok());
}

std::int64_t CpuNow() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// An engine whose models are kept: counts how often each was run.
class KeepingEngine final : public engine::Engine {
 public:
  std::atomic<int> written = 0;
  std::shared_ptr<std::atomic<int>> runs = std::make_shared<std::atomic<int>>(0);
  std::chrono::milliseconds run_time{0};

  std::string_view name() const override { return "keeping"; }
  std::string version() const override { return "1"; }
  Result<std::unique_ptr<engine::Executable>> Compile(const engine::ModelSource&,
                                                      const engine::CompileOptions&) override {
    FakeExecutable::Behaviour behaviour{.signature = FakeSignature()};
    behaviour.runs = runs;
    behaviour.on_run = [time = run_time]() -> Status {
      const std::int64_t begin = CpuNow();
      while (CpuNow() - begin < time.count() * 1'000'000) {
      }
      return {};
    };
    return std::unique_ptr<engine::Executable>(
        std::make_unique<FakeExecutable>(std::move(behaviour)));
  }
  std::string CompiledFormKey(const engine::CompileOptions&) const override { return "form"; }
  Status WriteCompiled(const engine::ModelSource&, const engine::CompileOptions&,
                       const std::string& folder) override {
    ++written;
    return WriteFileAtomically(folder + "/model", std::string(5000, 'm'));
  }
  Result<std::unique_ptr<engine::Executable>> LoadCompiled(
      const std::string&, const engine::CompileOptions& options) override {
    return Compile({}, options);
  }
};

class KeptModels : public ::testing::Test {
 protected:
  ModelHandle LoadAs(const std::string& name, std::int64_t version = 1) {
    const Status status =
        models_->LoadAndWait(World::Package(name, version, "graph.onnx", 2'000'000));
    EXPECT_TRUE(status.ok()) << status.ToString();
    return models_->Find(name, version).value();
  }

  FakeClock clock_;
  KeepingEngine engine_;
  TemporaryDirectory folder_ = TemporaryDirectory::Create("kept-").value();
  engine::CompileCache cache_{{.folder = folder_.path()}};
  std::unique_ptr<ModelSet> models_ =
      ModelSet::Create(engine_, clock_, {.memory_budget = 10'000'000, .cache = &cache_});
};

TEST_F(KeptModels, TheSecondLoadFindsWhatTheFirstCompiledAndSharesIt) {
  const ModelHandle first = LoadAs("m", 1);
  EXPECT_EQ((*first)->origin, Origin::kBuilt);
  EXPECT_EQ((*first)->mapped_bytes, 5000U);
  const std::uint64_t held = models_->Memory().held;
  const ModelHandle second = LoadAs("m", 2);
  EXPECT_EQ((*second)->origin, Origin::kFound);
  EXPECT_EQ(engine_.written, 1);
  const std::uint64_t own = (*second)->memory_bytes;
  EXPECT_EQ(models_->Memory().held, held + own);
}

TEST_F(KeptModels, AQuickModelRunsBeforeItIsReadyHoweverItWasLoaded) {
  LoadAs("m", 1);
  const int runs = *engine_.runs;
  LoadAs("m", 2);
  EXPECT_GT(*engine_.runs, runs);
}

TEST_F(KeptModels, ASlowModelThatRanInThisFormIsReadyWithoutAnotherRun) {
  engine_.run_time = std::chrono::milliseconds(25);
  const ModelHandle first = LoadAs("m", 1);
  const int runs = *engine_.runs;
  EXPECT_GT(runs, 0);
  const ModelHandle second = LoadAs("m", 2);
  EXPECT_EQ(*engine_.runs, runs);
  EXPECT_GE((*second)->run_time, engine_.run_time);
  EXPECT_LE((*second)->run_time, (*first)->run_time);
  EXPECT_EQ((*second)->output_memory, (*first)->output_memory);
  EXPECT_EQ((*second)->learns_batches, (*first)->learns_batches);
}

TEST_F(KeptModels, FilesThatWereNotReadAreCheckedOnceTheModelIsReady) {
  ModelPackage package = World::Package("m", 1, "graph.onnx", 2'000'000);
  std::promise<void> checked;
  package.verify = [] { return Status(); };
  ASSERT_TRUE(models_->LoadAndWait(package).ok());
  package.verify = [&] {
    checked.set_value();
    return DataLoss("a bit of it flipped");
  };
  ASSERT_TRUE(models_->LoadAndWait(package).ok()) << "what was compiled is whole";
  ASSERT_EQ(checked.get_future().wait_for(kLongEnough), std::future_status::ready);
  models_.reset();  // waits for the check
  const Status refused = ModelSet::Create(engine_, clock_, {})->LoadAndWait([&] {
    package.verify = [] { return DataLoss("a bit of it flipped"); };
    return package;
  }());
  EXPECT_EQ(refused.code(), Code::kDataLoss) << "nothing is compiled of damaged files";
}

// Fault A5: of a model that was compiled before
TEST_F(KeptModels, ADamagedFileIsToldOfAModelThatServesAllTheSame) {
  ModelPackage package = World::Package("m", 1, "graph.onnx", 2'000'000);
  ASSERT_TRUE(models_->LoadAndWait(package).ok());
  package.verify = [] { return DataLoss("a bit of it flipped"); };
  ASSERT_TRUE(models_->LoadAndWait(package).ok());
  const auto until = std::chrono::steady_clock::now() + kLongEnough;
  while (models_->Statuses().front().reason.empty() && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_THAT(models_->Statuses().front().reason, HasSubstr("a bit of it flipped"));
  EXPECT_EQ(models_->Statuses().front().state, ModelState::kReady);
  EXPECT_TRUE(models_->AllReady());
}

TEST_F(KeptModels, NotesThatDoNotFitAreNotBelieved) {
  engine_.run_time = std::chrono::milliseconds(25);
  LoadAs("m", 1);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
    ASSERT_TRUE(WriteFileAtomically(entry.path().string() + "/notes.json",
                                    R"({"own_bytes":1,"mapped_bytes":1,"run_ns":90000000,)"
                                    R"("outputs":[1,1]})")
                    .ok());
  const int runs = *engine_.runs;
  LoadAs("m", 2);
  EXPECT_GT(*engine_.runs, runs);
}

}  // namespace
}  // namespace slipway::serve
