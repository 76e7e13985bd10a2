#include "engine/worker/isolated_engine.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/defs/parser.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/compile_cache.h"
#include "engine/onnxruntime/onnxruntime_engine.h"
#include "engine/worker/worker_probe.h"
#include "sandbox/landlock.h"

namespace slipway::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Says what the real one would be called; loads nothing.
class NamedEngine final : public Engine {
 public:
  std::string_view name() const override { return "probe"; }
  std::string version() const override { return "1"; }
  std::string CompiledFormKey(const CompileOptions&) const override { return "probe 1"; }
  Result<std::unique_ptr<Executable>> Compile(const ModelSource&, const CompileOptions&) override {
    return Unimplemented("it loads nothing");
  }
};

struct World {
  explicit World(WorkerOptions options = {}) {
    options.program = SLIPWAY_BINARY_DIR "/tests/worker_probe";
    options.region_bytes = std::uint64_t{64} << 20;
#if defined(__SANITIZE_THREAD__)
    // The sanitizer has a thread in each process that never rests: none looks asleep.
    options.hang.longest_run = std::min(options.hang.longest_run, milliseconds(3000));
#endif
    engine = IsolatedEngine::Create(named, std::move(options)).value();
  }

  std::string File(const std::string& name, const std::string& text) const {
    const std::string path = folder.path() + "/" + name;
    EXPECT_TRUE(WriteFileAtomically(path, text).ok());
    return path;
  }
  Result<std::unique_ptr<Executable>> Load(const std::string& text) const {
    return engine->Compile({.path = File("model", text)}, {.title = "probe:1"});
  }
  std::unique_ptr<Executable> Model() const {
    Result<std::unique_ptr<Executable>> model = Load("fine");
    EXPECT_TRUE(model.ok()) << model.status().ToString();
    return *std::move(model);
  }
  std::uint64_t Ended(WorkerEnd end) const {
    return engine->counts().ended[static_cast<std::size_t>(end)];
  }
  /// A process that hangs is judged by how it behaves for a while: this waits for as long as it
  /// takes.
  void AwaitEnd(WorkerEnd end, std::uint64_t count = 1) const {
    while (Ended(end) < count) std::this_thread::sleep_for(milliseconds(5));
  }

  const TemporaryDirectory folder = TemporaryDirectory::Create("isolated-engine-").value();
  NamedEngine named;
  std::unique_ptr<IsolatedEngine> engine;
};

struct Answer {
  Status status;
  std::vector<float> y;
};

Answer Ask(const Executable& model, std::vector<float> x,
           std::optional<milliseconds> time = std::nullopt) {
  const TensorView input{
      DType::kF32, {static_cast<std::int64_t>(x.size())}, std::as_bytes(std::span(x))};
  const std::vector<std::size_t> wanted = {0};
  std::vector<TensorBuffer> outputs(1);
  RunLimits limits;
  if (time) limits.deadline = std::chrono::steady_clock::now() + *time;
  Answer answer{.status = model.Run({&input, 1}, wanted, outputs, limits)};
  if (answer.status.ok()) std::ranges::copy(outputs[0].As<float>(), std::back_inserter(answer.y));
  return answer;
}

Answer Do(const Executable& model, Deed deed, std::optional<milliseconds> time = std::nullopt) {
  return Ask(model, {static_cast<float>(deed)}, time);
}

/// By an input that no other number gives, so that it is not refused.
void CrashAnew(const Executable& model, int number) {
  const Answer answer = Ask(model, {static_cast<float>(Deed::kAbort), static_cast<float>(number)});
  EXPECT_EQ(answer.status.number(), errors::kEngineWorkerEnded) << answer.status.ToString();
}

/// Until the next process is there; an error for as long as it is not is allowed to it.
Answer AskUntilAnswered(const Executable& model) {
  for (;;) {
    Answer answer = Ask(model, {4});
    if (answer.status.number() != errors::kEngineWorkerEnded) return answer;
    std::this_thread::sleep_for(milliseconds(5));
  }
}

TEST(IsolatedEngine, AnswersAsTheEngineDoes) {
  const World world;
  const std::unique_ptr<Executable> model = world.Model();
  EXPECT_EQ(model->signature(), ProbeSignature());
  EXPECT_THAT(Ask(*model, {1, 2, 3}).y, ElementsAre(2, 3, 4));
  EXPECT_THAT(Ask(*model, {}).y, ElementsAre());
}

TEST(IsolatedEngine, WritesResultsWhereTheyAreWanted) {
  const World world;
  const std::unique_ptr<Executable> model = world.Model();
  const std::vector<float> x = {1, 2};
  const TensorView input{DType::kF32, {2}, std::as_bytes(std::span(x))};
  const std::vector<std::size_t> wanted = {1, 0};
  std::vector<TensorBuffer> outputs(2);
  outputs[1] = TensorBuffer::Allocate(DType::kF32, {2}).value();
  const std::byte* const place = outputs[1].bytes().data();
  ASSERT_TRUE(model->Run({&input, 1}, wanted, outputs).ok());
  EXPECT_EQ(outputs[1].bytes().data(), place);
  EXPECT_THAT(outputs[1].As<float>(), ElementsAre(2, 3));
  EXPECT_THAT(UnpackStrings(outputs[0].view()).value(), ElementsAre("a", ""));
}

TEST(IsolatedEngine, WhatTheEngineSaysOfARunArrives) {
  const World world;
  const std::unique_ptr<Executable> model = world.Model();
  const Status status = Do(*model, Deed::kFail).status;
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.message(), "the input is not liked");
  EXPECT_EQ(status.hint(), "send another");
}

TEST(IsolatedEngine, WhatTheEngineSaysOfAModelArrives) {
  const World world;
  const Status status = world.Load("refuse").status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("operator Foo"));
}

TEST(IsolatedEngine, AModelThatEndsItsProcessWhileLoadingIsRefused) {
  const World world;
  const Status status = world.Load("crash").status();
  EXPECT_EQ(status.number(), errors::kEngineRejectedModel);
  EXPECT_THAT(status.message(), HasSubstr("signal 6"));
  EXPECT_EQ(world.engine->counts().running, 0U);
}

TEST(IsolatedEngine, KeepsCompiledModels) {
  const World world;
  const TemporaryDirectory kept = TemporaryDirectory::Create("kept-", world.folder.path()).value();
  const Status written =
      world.engine->WriteCompiled({.path = world.File("model", "fine")}, {}, kept.path());
  ASSERT_TRUE(written.ok()) << written.ToString();
  const Result<std::unique_ptr<Executable>> model = world.engine->LoadCompiled(kept.path(), {});
  ASSERT_TRUE(model.ok()) << model.status().ToString();
  EXPECT_THAT(Ask(**model, {1}).y, ElementsAre(2));
}

TEST(IsolatedEngine, ACompiledModelIsThereForTheNextProcess) {
  const World world;
  const std::string text(1000, 'm');
  CompileCache cache(
      {.folder = world.folder.path() + "/cache", .max_bytes = 1800, .least_model_bytes = 1});
  const auto compile = [&](const std::string& name) {
    return cache.Compile(*world.engine, {world.File(name, text), name, text.size()}, {}).value();
  };
  CompileCache::Compiled first = compile("first");
  ASSERT_EQ(first.origin, CompileCache::Origin::kBuilt);
  ASSERT_EQ(compile("second").origin, CompileCache::Origin::kBuilt) << "one too many";
  EXPECT_EQ(Do(*first.executable, Deed::kAbort).status.number(), errors::kEngineWorkerEnded);
  EXPECT_THAT(AskUntilAnswered(*first.executable).y, ElementsAre(5));
  first.executable.reset();
  compile("third");
  EXPECT_EQ(compile("first").origin, CompileCache::Origin::kBuilt) << "nobody used it";
}

TEST(IsolatedEngine, AModelReadsItsOwnFilesOnly) {
  const World world;
  const std::string model = world.File("model", "peek " + world.File("other", "secret"));
  const std::vector<std::string> files = {model};
  EXPECT_TRUE(world.engine->Compile({.path = model}, {}).ok()) << "it lies beside the model";
  if (access("/sys/kernel/security/landlock", F_OK) != 0 && geteuid() != 0) GTEST_SKIP();
  const Status status = world.engine->Compile({.path = model, .files = files}, {}).status();
  EXPECT_EQ(status.code(), Code::kPermissionDenied) << status.ToString();
}

TEST(IsolatedEngine, ALoadedModelOpensNothing) {
  const World world;
  const std::unique_ptr<Executable> model = world.Model();
  EXPECT_THAT(Do(*model, Deed::kOpenFile).y,
              ElementsAre(static_cast<float>(Deed::kOpenFile) + EPERM));
}

class ModelThatCrashes : public ::testing::TestWithParam<Deed> {};

// Bad input W1: in each of these ways.
// Fault C1: in each of these ways
TEST_P(ModelThatCrashes, FailsItsOwnRunAndIsBack) {
  const World world;
  const std::unique_ptr<Executable> model = world.Model();
  const std::unique_ptr<Executable> other = world.Model();
  const Status status = Do(*model, GetParam()).status;
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(status.number(), errors::kEngineWorkerEnded);
  EXPECT_THAT(Ask(*other, {1}).y, ElementsAre(2));
  EXPECT_THAT(AskUntilAnswered(*model).y, ElementsAre(5));
  EXPECT_EQ(world.Ended(WorkerEnd::kCrash), 1U);
  EXPECT_EQ(world.engine->counts().restarts, 1U);
}

INSTANTIATE_TEST_SUITE_P(All, ModelThatCrashes,
                         ::testing::Values(Deed::kSegfault, Deed::kAbort, Deed::kOverflowStack,
                                           Deed::kIllegalInstruction, Deed::kOpenSocket));

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Fault C3: in a process of its own
TEST(IsolatedEngine, AModelThatTakesTooMuchMemoryEndsAlone) {
  const World world({.memory_bytes = std::uint64_t{512} << 20});
  const std::unique_ptr<Executable> model = world.Model();
  EXPECT_EQ(Do(*model, Deed::kTakeAllMemory).status.number(), errors::kEngineWorkerEnded);
  EXPECT_THAT(AskUntilAnswered(*model).y, ElementsAre(5));
}
#endif

// Bad input W5: another type.
// Fault C10: another type
TEST(IsolatedEngine, AnotherTypeThanPromisedIsAnErrorOfThatRun) {
  const World world;
  const std::unique_ptr<Executable> model = world.Model();
  const Status status = Do(*model, Deed::kWrongType).status;
  EXPECT_EQ(status.code(), Code::kInternal);
  EXPECT_EQ(status.number(), errors::kEngineRunFailed);
  EXPECT_THAT(status.message(), HasSubstr("output \"y\" is i64"));
  EXPECT_THAT(Ask(*model, {1}).y, ElementsAre(2));
  EXPECT_EQ(world.engine->counts().restarts, 0U);
}

// Bad input W3: behind the back of the program it is in.
// Fault C12: a model's process
TEST(IsolatedEngine, AWorkerThatWritesNonsenseIsReplaced) {
  const World world;
  const std::unique_ptr<Executable> model = world.Model();
  EXPECT_EQ(Do(*model, Deed::kSayNonsense).status.number(), errors::kEngineWorkerEnded);
  world.AwaitEnd(WorkerEnd::kNonsense);
  EXPECT_THAT(AskUntilAnswered(*model).y, ElementsAre(5));
}

TEST(IsolatedEngine, TheEnginesOwnCutOffIsHeard) {
  const World world;
  const std::unique_ptr<Executable> model = world.Model();
  const Status status = Do(*model, Deed::kObeyDeadline, milliseconds(50)).status;
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(world.engine->counts().restarts, 0U);
}

// Bad input W2: it works for ever, or sleeps for ever.
// Fault C4: it works, or sleeps, for ever
TEST(IsolatedEngine, ARunThatDoesNotEndIsAnsweredAndEnded) {
  for (const Deed deed : {Deed::kLoop, Deed::kSleep}) {
    const World world;
    const std::unique_ptr<Executable> model = world.Model();
    EXPECT_EQ(Do(*model, deed, milliseconds(50)).status.code(), Code::kDeadlineExceeded);
    EXPECT_THAT(Ask(*model, {1}).y, ElementsAre(2)) << "its process goes on for a while";
    world.AwaitEnd(WorkerEnd::kHang);
    EXPECT_THAT(AskUntilAnswered(*model).y, ElementsAre(5));
  }
}

// Fault C4: without a deadline
TEST(IsolatedEngine, ARunWithoutDeadlineEndsWithItsProcess) {
  const World world({.hang = {.longest_run = milliseconds(500)}});
  const std::unique_ptr<Executable> model = world.Model();
  const Status status = Do(*model, Deed::kLoop).status;
  EXPECT_EQ(status.number(), errors::kEngineWorkerEnded);
  EXPECT_EQ(world.Ended(WorkerEnd::kHang), 1U);
}

TEST(IsolatedEngine, ASlotThatWasLeftIsUsedAgain) {
  const World world({.slots = 1});
  const std::unique_ptr<Executable> model = world.Model();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Do(*model, Deed::kNap, milliseconds(1)).status.code(), Code::kDeadlineExceeded);
    Answer answer = Ask(*model, {1});
    while (answer.status.number() == errors::kQueueFull) answer = Ask(*model, {1});
    EXPECT_THAT(answer.y, ElementsAre(2));
  }
  EXPECT_EQ(world.engine->counts().restarts, 0U);
}

TEST(IsolatedEngine, ManyRunAtATime) {
  const World world({.slots = 3});
  const std::unique_ptr<Executable> model = world.Model();
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 6; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 200; ++i) {
        const auto x = static_cast<float>(1000 * thread + i);
        EXPECT_THAT(Ask(*model, {x, x}).y, ElementsAre(x + 1, x + 1));
      }
    });
  }
  threads.clear();
  EXPECT_EQ(world.engine->counts().restarts, 0U);
}

// Bad input W4: three times.
// Fault C1: again and again
TEST(IsolatedEngine, AModelThatKeepsEndingItsProcessIsLeftAlone) {
  const World world({.ends = {.most = 3, .within = seconds(600), .pause = milliseconds(1)}});
  const std::unique_ptr<Executable> model = world.Model();
  EXPECT_TRUE(model->outside()->condition().ok());
  for (int i = 0; i < 3; ++i) {
    AskUntilAnswered(*model);
    CrashAnew(*model, i);
  }
  Answer answer = AskUntilAnswered(*model);
  EXPECT_EQ(answer.status.code(), Code::kUnavailable);
  EXPECT_EQ(answer.status.number(), errors::kEngineQuarantined);
  EXPECT_THAT(answer.status.message(), HasSubstr("3 times in 600 s"));
  EXPECT_THAT(answer.status.message(), HasSubstr("signal 6 (Aborted)"));
  EXPECT_EQ(model->outside()->condition().number(), errors::kEngineQuarantined);
  EXPECT_EQ(world.engine->counts().quarantined, 1U);
  EXPECT_EQ(world.engine->counts().running, 0U);
  EXPECT_THAT(Ask(*world.Model(), {1}).y, ElementsAre(2)) << "a new load has a process of its own";
}

/// What a run of x says that shares it with others: a row each.
Status AskTogether(const Executable& model, std::vector<float> x) {
  const std::vector<std::int64_t> rows(x.size(), 1);
  const TensorView input{
      DType::kF32, {static_cast<std::int64_t>(x.size())}, std::as_bytes(std::span(x))};
  const std::vector<std::size_t> wanted = {0};
  std::vector<TensorBuffer> outputs(1);
  return model.Run({&input, 1}, wanted, outputs, {.rows_of_requests = rows});
}

bool IsSuspect(const Executable& model, float x) {
  const TensorView input{DType::kF32, {1}, std::as_bytes(std::span(&x, 1))};
  return model.outside()->IsSuspect({&input, 1});
}

class InputThatEndsItsProcess : public ::testing::TestWithParam<Deed> {};

// Bad input W6: sent again and again.
// Fault C2: that crashes it
TEST_P(InputThatEndsItsProcess, IsRefusedAfterTwoEnds) {
  const World world;
  const std::unique_ptr<Executable> model = world.Model();
  int ended = 0;
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(AskUntilAnswered(*model).y, ElementsAre(5));
    const Status status = Do(*model, GetParam()).status;
    if (status.number() == errors::kEngineWorkerEnded) {
      ++ended;
      continue;
    }
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << status.ToString();
    EXPECT_EQ(status.number(), errors::kInputEndsWorker);
  }
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(world.engine->counts().restarts, 2U);
  EXPECT_EQ(world.engine->counts().refused, 18U);
  EXPECT_EQ(world.engine->counts().quarantined, 0U);
  EXPECT_TRUE(model->outside()->condition().ok());
}

INSTANTIATE_TEST_SUITE_P(All, InputThatEndsItsProcess,
                         ::testing::Values(Deed::kSegfault, Deed::kAbort, Deed::kIllegalInstruction,
                                           Deed::kSayNonsense));

// Fault C2: that hangs it
TEST(IsolatedEngine, AnInputThatHangsIsRefusedAfterTwoEnds) {
  for (const Deed deed : {Deed::kLoop, Deed::kSleep}) {
    const World world;
    const std::unique_ptr<Executable> model = world.Model();
    for (std::uint64_t end = 1; end <= 2; ++end) {
      EXPECT_EQ(Do(*model, deed, milliseconds(20)).status.code(), Code::kDeadlineExceeded);
      world.AwaitEnd(WorkerEnd::kHang, end);
      EXPECT_THAT(AskUntilAnswered(*model).y, ElementsAre(5));
    }
    EXPECT_EQ(Do(*model, deed, milliseconds(20)).status.number(), errors::kInputEndsWorker);
  }
}

TEST(IsolatedEngine, AnInputThatIsAnsweredInItsTrialIsClear) {
  const World world({.ends = {.most = 100, .pause = milliseconds(0)}});
  const std::unique_ptr<Executable> model = world.Model();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(AskTogether(*model, {static_cast<float>(Deed::kAbort), 1, 4}).number(),
              errors::kEngineWorkerEnded);
    for (const float x : {static_cast<float>(Deed::kAbort), 1.0F, 4.0F})
      EXPECT_TRUE(IsSuspect(*model, x));
    EXPECT_FALSE(IsSuspect(*model, 5));
    EXPECT_THAT(AskUntilAnswered(*model).y, ElementsAre(5));
    EXPECT_THAT(Ask(*model, {1}).y, ElementsAre(2));
    EXPECT_FALSE(IsSuspect(*model, 4));
  }
  EXPECT_EQ(Do(*model, Deed::kAbort).status.number(), errors::kEngineWorkerEnded);
  EXPECT_EQ(Do(*model, Deed::kAbort).status.number(), errors::kInputEndsWorker);
  EXPECT_EQ(AskTogether(*model, {1, static_cast<float>(Deed::kAbort)}).number(),
            errors::kInputEndsWorker);
}

TEST(IsolatedEngine, ATrialThatIsCutOffClearsNothing) {
  const World world;
  const std::unique_ptr<Executable> model = world.Model();
  EXPECT_EQ(Do(*model, Deed::kObeyOrAbort).status.number(), errors::kEngineWorkerEnded);
  EXPECT_THAT(AskUntilAnswered(*model).y, ElementsAre(5));
  EXPECT_EQ(Do(*model, Deed::kObeyOrAbort, milliseconds(20)).status.code(),
            Code::kDeadlineExceeded);
  EXPECT_TRUE(IsSuspect(*model, static_cast<float>(Deed::kObeyOrAbort)));
  EXPECT_EQ(Do(*model, Deed::kObeyOrAbort).status.number(), errors::kEngineWorkerEnded);
  EXPECT_EQ(Do(*model, Deed::kObeyOrAbort).status.number(), errors::kInputEndsWorker);
}

// Fault C2: others beside it
TEST(IsolatedEngine, WhoIsBesideAnInputThatEndsTheProcessIsNotBlamed) {
  const World world({.slots = 4, .ends = {.most = 100, .pause = milliseconds(0)}});
  const std::unique_ptr<Executable> model = world.Model();
  std::vector<std::jthread> good;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> answered{0};
  for (int thread = 0; thread < 3; ++thread) {
    good.emplace_back([&] {
      while (!stop) {
        const Answer answer = Ask(*model, {4});
        if (answer.status.ok()) answered.fetch_add(1);
        EXPECT_TRUE(answer.status.ok() || answer.status.code() == Code::kUnavailable)
            << answer.status.ToString();
      }
    });
  }
  for (int poison = 0; poison < 3; ++poison) {
    std::vector<std::jthread> bad;  // the same input, many times at once
    for (int thread = 0; thread < 3; ++thread) {
      bad.emplace_back([&] {
        const std::vector<float> x = {static_cast<float>(Deed::kAbort), static_cast<float>(poison)};
        while (Ask(*model, x).status.number() != errors::kInputEndsWorker)
          std::this_thread::sleep_for(milliseconds(1));
      });
    }
  }
  const std::uint64_t before = answered.load();
  while (answered.load() < before + 100) std::this_thread::sleep_for(milliseconds(1));
  stop = true;
  good.clear();
  EXPECT_LE(world.Ended(WorkerEnd::kCrash), 9U);
}

TEST(IsolatedEngine, EndsOfLongAgoAreForgotten) {
  const World world({.suspects = {.age = seconds(0)}});
  const std::unique_ptr<Executable> model = world.Model();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Do(*model, Deed::kAbort).status.number(), errors::kEngineWorkerEnded);
    AskUntilAnswered(*model);
  }
}

TEST(IsolatedEngine, ANewLoadForgetsWhatWasRefused) {
  const World world;
  const std::unique_ptr<Executable> model = world.Model();
  for (int i = 0; i < 2; ++i) {
    Do(*model, Deed::kAbort);
    AskUntilAnswered(*model);
  }
  EXPECT_EQ(Do(*model, Deed::kAbort).status.number(), errors::kInputEndsWorker);
  EXPECT_EQ(Do(*world.Model(), Deed::kAbort).status.number(), errors::kEngineWorkerEnded);
}

/// y = x w, with weights of 16 KiB.
std::string OnnxModel() {
  std::string numbers;
  for (int i = 0; i < 64 * 64; ++i) numbers += fmt::format("{}{}", i == 0 ? "" : ",", i % 7);
  const std::string text = fmt::format(R"(<ir_version: 8, opset_import: ["" : 17]>
    g (float[N,64] x) => (float[N,64] y) <float[64,64] w = {{{}}}> {{ y = MatMul(x, w) }})",
                                       numbers);
  onnx::ModelProto model;
  onnx::OnnxParser parser(text.c_str());
  EXPECT_TRUE(parser.Parse(model).IsOK());
  return model.SerializeAsString();
}

Result<std::vector<float>> RunOnes(const Result<std::unique_ptr<Executable>>& model) {
  if (!model.ok()) return model.status();
  const std::vector<float> ones(64, 1);
  const TensorView input{DType::kF32, {1, 64}, std::as_bytes(std::span(ones))};
  SLIPWAY_TRY(std::vector<TensorBuffer> outputs, (*model)->RunAll({&input, 1}));
  const std::span<const float> y = outputs[0].As<float>();
  return std::vector<float>(y.begin(), y.end());
}

TEST(IsolatedEngine, OnnxRuntimeCompilesWritesLoadsAndRunsConfined) {
  const std::unique_ptr<Engine> here = OpenOnnxRuntime({}).value();
  const std::unique_ptr<IsolatedEngine> apart =
      IsolatedEngine::Create(*here, {.program = SLIPWAY_BINARY_DIR "/libexec/slipway-worker"})
          .value();
  const TemporaryDirectory folder = TemporaryDirectory::Create("isolated-onnx-").value();
  const TemporaryDirectory kept = TemporaryDirectory::Create("kept-", folder.path()).value();
  const std::string path = folder.path() + "/model.onnx";
  ASSERT_TRUE(WriteFileAtomically(path, OnnxModel()).ok());
  const std::vector<std::string> files = {path};
  const ModelSource source{.path = path, .files = files};
  const Result<std::vector<float>> expected = RunOnes(here->Compile(source, {}));
  ASSERT_TRUE(expected.ok()) << expected.status().ToString();
  const Result<std::vector<float>> compiled = RunOnes(apart->Compile(source, {}));
  ASSERT_TRUE(compiled.ok()) << compiled.status().ToString();
  EXPECT_EQ(*compiled, *expected);
  const Status written = apart->WriteCompiled(source, {}, kept.path());
  ASSERT_TRUE(written.ok()) << written.ToString();
  const Result<std::vector<float>> loaded = RunOnes(apart->LoadCompiled(kept.path(), {}));
  ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
  EXPECT_EQ(*loaded, *expected);
}

struct Holdings {
  std::size_t descriptors = 0;
  std::uint64_t resident = 0;
};
Holdings OfThisProcess() {
  Holdings holdings;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++holdings.descriptors;
  const std::string statm = ReadFile("/proc/self/statm", 256).value();
  holdings.resident = ParseUint64(Split(statm, ' ')[1]).value() * 4096;
  return holdings;
}

// Fault C1: a thousand times
TEST(IsolatedEngine, CrashesLeaveNothingBehind) {
  const World world({.ends = {.most = 1'000'000, .pause = milliseconds(0)}});
  const std::unique_ptr<Executable> model = world.Model();
  int number = 0;
  const auto crash = [&](int times) {
    for (int i = 0; i < times; ++i) {
      CrashAnew(*model, number++);
      ASSERT_TRUE(AskUntilAnswered(*model).status.ok());
    }
  };
  crash(20);
  const Holdings before = OfThisProcess();
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  crash(50);
#else
  crash(1000);
  EXPECT_LT(OfThisProcess().resident, before.resident + (std::uint64_t{4} << 20));
#endif
  EXPECT_EQ(OfThisProcess().descriptors, before.descriptors);
}

TEST(IsolatedEngine, LeavesNoProcessBehind) {
  {
    const World world;
    const std::unique_ptr<Executable> kept = world.Model();
    world.Model();
    EXPECT_EQ(world.engine->counts().running, 1U) << "the other one went with its executable";
    EXPECT_GT(kept->outside()->bytes(), 0U);
  }
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(IsolatedEngine, AMissingProgramIsAnError) {
  NamedEngine named;
  const std::unique_ptr<IsolatedEngine> engine =
      IsolatedEngine::Create(named, {.program = "/nowhere/worker"}).value();
  const Status status = engine->Compile({.path = "/nowhere/model"}, {}).status();
  EXPECT_THAT(status.message(), HasSubstr("/nowhere/worker"));
}

}  // namespace
}  // namespace slipway::engine
