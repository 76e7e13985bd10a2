#include "serve/predict/predictor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <future>
#include <mutex>
#include <optional>
#include <semaphore>
#include <thread>

#include "base/error_catalogue.h"
#include "base/fake_clock.h"
#include "serve/model/fake_engine.h"

namespace slipway::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kQuick = std::chrono::microseconds(50);
constexpr auto kSlow = milliseconds(5);
constexpr std::array<float, 20> kNumbers{};

// Holds runs back until the test lets them go.
class Brake {
 public:
  Status Hold() {
    arrivals_.release();
    released_.wait();
    return {};
  }
  void Release() { release_.set_value(); }
  bool WaitForArrival() { return arrivals_.try_acquire_for(seconds(20)); }

 private:
  std::counting_semaphore<> arrivals_{0};
  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
};

class Answer {
 public:
  InferCompletion Completion() {
    return [this](Result<InferResponse> result) {
      thread_ = std::this_thread::get_id();
      promise_.set_value(std::move(result));
    };
  }
  bool IsThere() { return future_.wait_for(seconds(0)) == std::future_status::ready; }
  const Result<InferResponse>& Get() {
    if (!result_) result_.emplace(future_.get());
    return *result_;
  }
  std::thread::id thread() {
    Get();
    return thread_;
  }

 private:
  std::promise<Result<InferResponse>> promise_;
  std::future<Result<InferResponse>> future_ = promise_.get_future();
  std::optional<Result<InferResponse>> result_;
  std::thread::id thread_;
};

ModelHandle Model(std::chrono::nanoseconds run_time, FakeExecutable::Behaviour behaviour = {}) {
  if (behaviour.signature.inputs.empty()) behaviour.signature = FakeSignature();
  const Signature signature = behaviour.signature;
  return std::make_shared<ServedModel>(
      ServedModel::Parts{.name = "mnist",
                         .signature = signature,
                         .executable = std::make_shared<FakeExecutable>(std::move(behaviour)),
                         .output_memory = {OutputMemory::kFollowsBatch},
                         .run_time = run_time});
}

InferRequest Request(ModelHandle model, std::int64_t rows = 1) {
  const auto numbers = std::span(kNumbers).first(static_cast<std::size_t>(rows) * 2);
  return {.model = std::move(model),
          .inputs = {{"x", {DType::kF32, {rows, 2}, std::as_bytes(numbers)}}}};
}

struct World {
  FakeClock clock;
  std::unique_ptr<Predictor> predictor;

  explicit World(PredictorOptions options = {}) : predictor(Predictor::Create(options, clock)) {}
};

TEST(Predictor, AQuickModelRunsOnTheCallersThread) {
  World world;
  Answer answer;
  world.predictor->Predict(Request(Model(kQuick, {.answer = 7}), 3), answer.Completion());
  ASSERT_TRUE(answer.Get().ok());
  EXPECT_EQ(answer.thread(), std::this_thread::get_id());
  const auto& [spec, tensor] = answer.Get()->outputs.at(0);
  EXPECT_EQ(spec->name, "y");
  EXPECT_EQ(tensor.shape(), Shape({3, 3}));
  EXPECT_THAT(tensor.view().As<float>(), testing::Each(7.0f));
}

TEST(Predictor, ASlowModelRunsOnAWorker) {
  World world;
  Answer answer;
  world.predictor->Predict(Request(Model(kSlow, {.answer = 7})), answer.Completion());
  ASSERT_TRUE(answer.Get().ok());
  EXPECT_NE(answer.thread(), std::this_thread::get_id());
}

TEST(Predictor, AWorkerGivesWayToTheLoops) {
  World world;
  const int here = getpriority(PRIO_PROCESS, 0);
  std::atomic<int> there{here};
  const auto look = [&there] {
    there = getpriority(PRIO_PROCESS, 0);
    return Status();
  };
  Answer answer;
  world.predictor->Predict(Request(Model(kSlow, {.on_run = look})), answer.Completion());
  ASSERT_TRUE(answer.Get().ok());
  EXPECT_EQ(there, std::min(here + 10, 19));
}

TEST(Predictor, ManyRowsOfAQuickModelRunOnAWorker) {
  World world({.inline_below = kQuick * 5});
  Answer answer;
  world.predictor->Predict(Request(Model(kQuick), 10), answer.Completion());
  ASSERT_TRUE(answer.Get().ok());
  EXPECT_NE(answer.thread(), std::this_thread::get_id());
}

TEST(Predictor, OutputsThatOnlyTheEngineKnowsComeFromIt) {
  const ModelHandle model = std::make_shared<ServedModel>(
      ServedModel::Parts{.signature = FakeSignature(),
                         .executable = std::make_shared<FakeExecutable>(
                             FakeExecutable::Behaviour{.signature = FakeSignature(), .answer = 4}),
                         .output_memory = {OutputMemory::kEngine},
                         .run_time = kQuick});
  World world;
  Answer answer;
  world.predictor->Predict(Request(model, 2), answer.Completion());
  EXPECT_EQ(answer.Get()->outputs[0].second.shape(), Shape({2, 3}));
}

TEST(Predictor, CountsWhatWasServed) {
  World world;
  const ModelHandle model = Model(kQuick);
  for (int i = 0; i < 2; ++i) {
    Answer answer;
    world.predictor->Predict(Request(model, 5), answer.Completion());
    ASSERT_TRUE(answer.Get().ok());
  }
  const ModelStatistics counted = model->counters().Read();
  EXPECT_EQ(counted.inference_count, 10u);
  EXPECT_EQ(counted.execution_count, 2u);
  EXPECT_EQ(counted.success.count, 2u);
  EXPECT_EQ(counted.queue.count, 2u);
  EXPECT_EQ(counted.last_inference_unix_ms, 1'700'000'000'000u);
}

TEST(Predictor, TellsTheTimeOfEachStage) {
  World world;
  Brake brake;
  const ModelHandle model = Model(kSlow, {.on_run = [&] { return brake.Hold(); }});
  Answer first;
  Answer second;
  world.predictor->Predict(Request(model), first.Completion());
  ASSERT_TRUE(brake.WaitForArrival());
  world.predictor->Predict(Request(model), second.Completion());
  world.clock.Advance(seconds(2));
  brake.Release();
  EXPECT_EQ(first.Get()->times.compute, seconds(2));
  EXPECT_EQ(first.Get()->times.queue, seconds(0));
  EXPECT_EQ(second.Get()->times.queue, seconds(2));
  EXPECT_EQ(second.Get()->times.compute, seconds(0));
}

TEST(Predictor, ABadRequestIsRefusedAndCounted) {
  World world;
  const ModelHandle model = Model(kQuick);
  InferRequest request = Request(model);
  request.inputs[0].name = "z";
  Answer answer;
  world.predictor->Predict(std::move(request), answer.Completion());
  EXPECT_EQ(answer.Get().status().number(), errors::kTensorNameUnknown);
  EXPECT_EQ(model->counters().Read().fail.count, 1u);
}

TEST(Predictor, AnErrorOfTheEngineIsPassedOnAndCounted) {
  World world;
  const ModelHandle model = Model(kQuick, {.on_run = [] { return Internal("kernel failed"); }});
  Answer answer;
  world.predictor->Predict(Request(model), answer.Completion());
  EXPECT_EQ(answer.Get().status().message(), "kernel failed");
  EXPECT_EQ(model->counters().Read().fail.count, 1u);
  EXPECT_EQ(model->counters().Read().execution_count, 0u);
}

// Fault C5: before it waits
TEST(Predictor, ARequestPastItsDeadlineDoesNotRun) {
  World world;
  const auto runs = std::make_shared<std::atomic<int>>(0);
  const ModelHandle model = Model(kQuick, {.runs = runs});
  InferRequest request = Request(model);
  request.deadline = world.clock.Now();
  Answer answer;
  world.predictor->Predict(std::move(request), answer.Completion());
  EXPECT_EQ(answer.Get().status().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(*runs, 0);
  EXPECT_EQ(model->counters().Read().expired_count, 1u);
}

// Fault C5: while it waits
TEST(Predictor, AWaitingRequestIsAnsweredAtItsDeadlineThoughTheWorkerIsBusy) {
  World world({.default_deadline = seconds(30)});
  Brake brake;
  const ModelHandle model = Model(kSlow, {.on_run = [&] { return brake.Hold(); }});
  Answer running;
  Answer waiting;
  world.predictor->Predict(Request(model), running.Completion());
  ASSERT_TRUE(brake.WaitForArrival());
  world.predictor->Predict(Request(model), waiting.Completion());
  world.clock.Advance(seconds(31));
  EXPECT_EQ(waiting.Get().status().code(), Code::kDeadlineExceeded);
  EXPECT_FALSE(running.IsThere());
  EXPECT_EQ(model->counters().waiting().Value(), 0);
  brake.Release();
  EXPECT_TRUE(running.Get().ok());
}

// Fault C6: while it waits
TEST(Predictor, AnAbandonedRequestDoesNotRun) {
  World world;
  Brake brake;
  const auto runs = std::make_shared<std::atomic<int>>(0);
  const ModelHandle model = Model(kSlow, {.on_run = [&] { return brake.Hold(); }, .runs = runs});
  Answer running;
  Answer waiting;
  std::atomic<bool> gone = false;
  world.predictor->Predict(Request(model), running.Completion());
  ASSERT_TRUE(brake.WaitForArrival());
  InferRequest request = Request(model);
  request.abandoned = [&] { return gone.load(); };
  world.predictor->Predict(std::move(request), waiting.Completion());
  gone = true;
  EXPECT_EQ(waiting.Get().status().code(), Code::kCancelled);
  brake.Release();
  EXPECT_TRUE(running.Get().ok());
  EXPECT_EQ(*runs, 1);
  EXPECT_EQ(model->counters().Read().cancelled_count, 1u);
}

// Fault D1: beyond its queue
TEST(Predictor, BeyondItsQueueAModelIsOverloaded) {
  World world({.max_queued = 2});
  Brake brake;
  const ModelHandle model = Model(kSlow, {.on_run = [&] { return brake.Hold(); }});
  std::array<Answer, 3> accepted;
  world.predictor->Predict(Request(model), accepted[0].Completion());
  ASSERT_TRUE(brake.WaitForArrival());
  world.predictor->Predict(Request(model), accepted[1].Completion());
  world.predictor->Predict(Request(model), accepted[2].Completion());
  Answer refused;
  world.predictor->Predict(Request(model), refused.Completion());
  EXPECT_EQ(refused.Get().status().code(), Code::kUnavailable);
  EXPECT_EQ(refused.Get().status().number(), errors::kQueueFull);
  Answer other_model;
  world.predictor->Predict(Request(Model(kQuick)), other_model.Completion());
  EXPECT_TRUE(other_model.Get().ok());
  brake.Release();
  for (Answer& answer : accepted) EXPECT_TRUE(answer.Get().ok());
  EXPECT_EQ(model->counters().Read().rejected_count, 1u);
}

TEST(Predictor, ForeseesWhatItWouldRefuse) {
  World world({.max_queued = 1, .default_deadline = seconds(10)});
  Brake brake;
  const ModelHandle model = Model(kSlow, {.on_run = [&] { return brake.Hold(); }});
  EXPECT_TRUE(world.predictor->Foresee(*model, std::nullopt).ok());
  Answer runs;
  Answer waits;
  world.predictor->Predict(Request(model), runs.Completion());
  ASSERT_TRUE(brake.WaitForArrival());
  EXPECT_TRUE(world.predictor->Foresee(*model, std::nullopt).ok());
  world.predictor->Predict(Request(model), waits.Completion());
  EXPECT_EQ(world.predictor->Foresee(*model, std::nullopt).number(), errors::kQueueFull);
  EXPECT_EQ(model->counters().Read().rejected_count, 1u);
  brake.Release();
  EXPECT_TRUE(runs.Get().ok() && waits.Get().ok());
}

// Fault D1: what would be too late
TEST(Predictor, ForeseesThatARequestWouldBeTooLate) {
  World world;
  Brake brake;
  const ModelHandle model = Model(kSlow, {.on_run = [&] { return brake.Hold(); }});
  Answer runs;
  Answer waits;
  world.predictor->Predict(Request(model), runs.Completion());
  ASSERT_TRUE(brake.WaitForArrival());
  world.predictor->Predict(Request(model), waits.Completion());
  EXPECT_TRUE(world.predictor->Foresee(*model, kSlow * 2).ok());
  EXPECT_EQ(world.predictor->Foresee(*model, kSlow).number(), errors::kQueueFull);
  brake.Release();
  EXPECT_TRUE(runs.Get().ok() && waits.Get().ok());
}

TEST(Predictor, ForeseesByWhatRequestsTookOfLate) {
  World world;
  Brake brake;
  const ModelHandle model = Model(kSlow, {.on_run = [&] { return brake.Hold(); }});
  model->NoteRun(16, 16, kSlow);  // each takes a sixteenth, in a run of them all
  Answer runs;
  Answer waits;
  world.predictor->Predict(Request(model), runs.Completion());
  ASSERT_TRUE(brake.WaitForArrival());
  world.predictor->Predict(Request(model), waits.Completion());
  const std::chrono::nanoseconds expected = kSlow + std::chrono::nanoseconds(kSlow) / 16;
  EXPECT_TRUE(world.predictor->Foresee(*model, expected).ok());
  EXPECT_EQ(world.predictor->Foresee(*model, expected * 9 / 10).number(), errors::kQueueFull);
  brake.Release();
  EXPECT_TRUE(runs.Get().ok() && waits.Get().ok());
}

TEST(Predictor, ALoopThatRefusesRestsForIt) {
  const ModelHandle model = Model(kSlow);
  World world({.loops = 1, .max_queued = 0});
  Answer refused;
  Answer refused_elsewhere;
  for (Answer* answer : {&refused, &refused_elsewhere}) {
    InferRequest request = Request(model);
    if (answer == &refused) request.loop = 0;
    world.predictor->Predict(std::move(request), answer->Completion());
    EXPECT_EQ(answer->Get().status().number(), errors::kQueueFull);
  }
  const auto rest = world.predictor->FinishRound(0, 0);
  EXPECT_GT(rest, std::chrono::nanoseconds(0));
  EXPECT_LT(rest, milliseconds(1));
  EXPECT_EQ(world.predictor->FinishRound(0, 0), std::chrono::nanoseconds(0));
}

TEST(Predictor, ALoopRestsLongerForALargeRequestThatWasReadInVain) {
  const ModelHandle model = Model(kSlow);
  World world({.loops = 1, .max_queued = 0});
  const std::vector<float> many(2 * 100'000);
  InferRequest large = Request(model);
  large.inputs[0].tensor = {DType::kF32, {100'000, 2}, std::as_bytes(std::span(many))};
  std::vector<std::chrono::nanoseconds> rests;
  for (InferRequest request : {Request(model), large}) {
    Answer refused;
    request.loop = 0;
    world.predictor->Predict(std::move(request), refused.Completion());
    EXPECT_EQ(refused.Get().status().number(), errors::kQueueFull);
    rests.push_back(world.predictor->FinishRound(0, 0));
  }
  EXPECT_GT(rests[1], 10 * rests[0]);  // 800 kB
}

TEST(Predictor, ALoopRestsForRequestsRefusedByTheirHeadsWhileOthersWait) {
  World world({.loops = 1});
  Brake brake;
  const ModelHandle model = Model(kSlow, {.on_run = [&] { return brake.Hold(); }});
  Answer runs;
  Answer waits;
  world.predictor->Predict(Request(model), runs.Completion());
  ASSERT_TRUE(brake.WaitForArrival());
  EXPECT_EQ(world.predictor->FinishRound(0, 3), std::chrono::nanoseconds(0));
  world.predictor->Predict(Request(model), waits.Completion());
  EXPECT_GT(world.predictor->FinishRound(0, 3), 2 * world.predictor->FinishRound(0, 1));
  EXPECT_EQ(world.predictor->FinishRound(0, 0), std::chrono::nanoseconds(0));
  brake.Release();
  EXPECT_TRUE(runs.Get().ok() && waits.Get().ok());
  EXPECT_EQ(world.predictor->FinishRound(0, 3), std::chrono::nanoseconds(0));
}

// Fault D1: beyond the memory for what waits
TEST(Predictor, BeyondTheMemoryForWaitingRequestsAModelIsOverloaded) {
  World world({.max_queued_bytes = 100});
  Brake brake;
  const ModelHandle model = Model(kSlow, {.on_run = [&] { return brake.Hold(); }});
  Answer running;
  Answer waiting;
  Answer refused;
  world.predictor->Predict(Request(model), running.Completion());
  ASSERT_TRUE(brake.WaitForArrival());
  world.predictor->Predict(Request(model, 10), waiting.Completion());
  world.predictor->Predict(Request(model, 10), refused.Completion());
  EXPECT_EQ(refused.Get().status().code(), Code::kUnavailable);
  brake.Release();
  EXPECT_TRUE(waiting.Get().ok());
}

TEST(Predictor, ABusyModelDelaysAnotherByOneRunOnly) {
  World world;
  Brake brake;
  std::mutex mutex;
  std::vector<std::string> order;
  const auto note = [&](std::string what) {
    const std::lock_guard lock(mutex);
    order.push_back(std::move(what));
  };
  const ModelHandle busy = Model(kSlow, {.on_run = [&, first = true]() mutable {
                                   const bool held = std::exchange(first, false);
                                   if (held) return brake.Hold();
                                   note("busy");
                                   return Status();
                                 }});
  const ModelHandle other = Model(kSlow, {.on_run = [&] {
                                    note("other");
                                    return Status();
                                  }});
  std::array<Answer, 5> answers;
  world.predictor->Predict(Request(busy), answers[0].Completion());
  ASSERT_TRUE(brake.WaitForArrival());
  for (int i = 1; i < 4; ++i)
    world.predictor->Predict(Request(busy), answers[static_cast<std::size_t>(i)].Completion());
  world.predictor->Predict(Request(other), answers[4].Completion());
  brake.Release();
  for (Answer& answer : answers) EXPECT_TRUE(answer.Get().ok());
  EXPECT_THAT(order, testing::ElementsAre("busy", "other", "busy", "busy"));
}

// Bad input T11: a value that makes a quick model slow keeps no event loop busy
TEST(Predictor, ARunThatIsTooLongForALoopGoesToAWorker) {
  World world({.loops = 1});
  std::atomic<int> runs = 0;
  const ModelHandle model = Model(kQuick, {.answer = 7, .on_run = [&] {
                                             if (runs++ == 0) return DeadlineExceeded("too long");
                                             return Status();
                                           }});
  Answer first;
  world.predictor->Predict(Request(model), first.Completion());
  ASSERT_TRUE(first.Get().ok()) << first.Get().status().ToString();
  EXPECT_NE(first.thread(), std::this_thread::get_id());
  Answer next;
  world.predictor->Predict(Request(model), next.Completion());
  EXPECT_NE(next.thread(), std::this_thread::get_id()) << "such a model stays away from loops";
  world.clock.Advance(ServedModel::kSurprise);
  Answer later;
  world.predictor->Predict(Request(model), later.Completion());
  EXPECT_EQ(later.thread(), std::this_thread::get_id()) << "it may have been the machine";
}

TEST(Predictor, AfterItsStopNothingWaits) {
  World world;
  world.predictor->Stop();
  Answer answer;
  world.predictor->Predict(Request(Model(kSlow)), answer.Completion());
  EXPECT_EQ(answer.Get().status().code(), Code::kUnavailable);
}

TEST(Predictor, WhatStillWaitsAtTheEndIsAnswered) {
  Brake brake;
  Answer running;
  Answer waiting;
  {
    World world;
    const ModelHandle model = Model(kSlow, {.on_run = [&] { return brake.Hold(); }});
    world.predictor->Predict(Request(model), running.Completion());
    ASSERT_TRUE(brake.WaitForArrival());
    world.predictor->Predict(Request(model), waiting.Completion());
    brake.Release();
  }
  EXPECT_TRUE(running.IsThere());
  EXPECT_TRUE(waiting.IsThere());
}

}  // namespace
}  // namespace slipway::serve
