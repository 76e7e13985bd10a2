#include "serve/ensemble/ensemble_predictor.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <deque>
#include <future>
#include <latch>
#include <map>
#include <semaphore>

#include "base/error_catalogue.h"
#include "base/fake_clock.h"
#include "serve/predict/response_cache.h"

namespace slipway::serve {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

TensorSpec Rows(std::string name) { return {.name = std::move(name), .shape = {-1, 2}}; }

/// y = x1 + x2 + ... + `adds`, all f32[N,2]; notes where its inputs lie.
class Adder final : public engine::Executable {
 public:
  Adder(float adds, std::size_t inputs) : adds_(adds) {
    signature_.outputs = {Rows("y")};
    for (std::size_t i = 0; i < inputs; ++i)
      signature_.inputs.push_back(Rows("x" + std::to_string(i + 1)));
  }
  const Signature& signature() const override { return signature_; }
  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t>,
             std::span<TensorBuffer> outputs, const engine::RunLimits& limits) const override {
    ++runs;
    deadline = limits.deadline;
    read_from = inputs[0].bytes.data();
    wrote_to = outputs[0].bytes().data();
    if (on_run) SLIPWAY_RETURN_IF_ERROR(on_run());
    const std::span<float> y = outputs[0].As<float>();
    std::ranges::fill(y, adds_);
    for (const TensorView& input : inputs) {
      for (std::size_t i = 0; i < y.size(); ++i) y[i] += input.As<float>()[i];
    }
    return {};
  }
  std::function<Status()> on_run;
  mutable std::atomic<int> runs = 0;
  mutable std::optional<MonotonicTime> deadline;
  mutable const std::byte* read_from = nullptr;
  mutable const std::byte* wrote_to = nullptr;

 private:
  Signature signature_;
  float adds_;
};

class FewModels final : public ModelSet {
 public:
  void Load(ModelPackage, std::function<void(Status)> done) override { done({}); }
  Status Unload(const std::string& name, std::optional<std::int64_t>) override {
    models.erase(name);
    return {};
  }
  Result<ModelHandle> Find(std::string_view name, std::optional<std::int64_t>) const override {
    const auto found = models.find(name);
    if (found != models.end()) return found->second;
    return NotFound("model \"" + std::string(name) + "\" is not loaded");
  }
  std::vector<ModelHandle> Ready() const override { return {}; }
  std::vector<ModelHandle> Loaded() const override { return {}; }
  std::vector<ModelStatus> Statuses() const override { return {}; }
  ModelMemory Memory() const override { return {}; }
  bool AllReady() const override { return true; }

  std::map<std::string, ModelHandle, std::less<>> models;
};

/// Another server, which answers out = x1 + 1000, as f32[1,2], or what it was told to.
class FakeRemotes final : public RemoteModels {
 public:
  void Infer(RemoteRequest request, InferCompletion done) override {
    asked.push_back(std::string(request.server) + "/" + std::string(request.model));
    deadline = request.deadline;
    traces.push_back(request.trace.traceparent);
    if (!failure.ok()) return done(failure);
    TensorBuffer output = TensorBuffer::CopyOf(request.inputs.at(0).tensor).value();
    for (float& value : output.As<float>()) value += 1000;
    InferResponse response{.model = nullptr, .outputs = {}, .times = {}, .run = {}};
    response.outputs.emplace_back(nullptr,
                                  odd ? TensorBuffer::CopyOf(*odd).value() : std::move(output));
    if (on_thread) {
      thread =
          std::jthread([done, response = std::make_shared<InferResponse>(std::move(response))] {
            done(std::move(*response));
          });
      return;
    }
    done(std::move(response));
  }
  void Stop() override { is_stopped = true; }

  std::vector<std::string> asked;
  std::vector<std::string> traces;
  MonotonicTime deadline;
  Status failure;
  std::optional<TensorView> odd;
  bool on_thread = false;
  bool is_stopped = false;
  std::jthread thread;
};

class EnsembleTest : public testing::Test {
 protected:
  /// A model that adds a number; quick unless `predictor` has other options.
  std::shared_ptr<Adder> Model(const std::string& name, float adds, std::size_t inputs = 1) {
    auto adder = std::make_shared<Adder>(adds, inputs);
    models.models[name] = std::make_shared<ServedModel>(ServedModel::Parts{
        .name = name,
        .signature = adder->signature(),
        .executable = adder,
        .output_memory = {OutputMemory::kFollowsBatch},
        .run_time = microseconds(10),
        .batches =
            BatchProfile({{1, microseconds(10)}, {2, microseconds(11)}, {4, microseconds(12)}})});
    return adder;
  }

  static package::EnsembleStep Step(std::string model, std::vector<std::string> reads,
                                    std::string writes) {
    package::EnsembleStep step{.model = std::move(model), .version = {}, .input_map = {}};
    for (std::size_t i = 0; i < reads.size(); ++i)
      step.input_map["x" + std::to_string(i + 1)] = reads[i];
    step.output_map["y"] = std::move(writes);
    return step;
  }

  static ModelHandle Ensemble(std::vector<package::EnsembleStep> steps,
                              const std::vector<std::string>& outputs = {"out"}) {
    Signature signature{.inputs = {Rows("in")}, .outputs = {}};
    for (const std::string& output : outputs) signature.outputs.push_back(Rows(output));
    auto served = std::make_shared<ServedEnsemble>();
    served->ensemble.steps = std::move(steps);
    served->plan = package::PlanEnsemble(served->ensemble, signature).value();
    return std::make_shared<ServedModel>(ServedModel::Parts{.name = "ensemble",
                                                            .signature = std::move(signature),
                                                            .ensemble = std::move(served),
                                                            .platform = "ensemble"});
  }

  void StartWith(PredictorOptions options) {
    options_ = options;
    predictor_ = std::make_unique<EnsemblePredictor>(
        Predictor::Create(options_, clock), options_,
        EnsemblePredictor::Means{
            .models = models, .clock = clock, .answers = &answers, .remotes = &remotes});
  }

  InferRequest Request(const ModelHandle& model, std::vector<std::string_view> outputs = {}) const {
    return {.model = model,
            .inputs = {{"in", {DType::kF32, {1, 2}, std::as_bytes(std::span(numbers))}}},
            .outputs = std::move(outputs)};
  }

  std::future<Result<InferResponse>> Send(InferRequest request) {
    auto answer = std::make_shared<std::promise<Result<InferResponse>>>();
    auto future = answer->get_future();
    predictor().Predict(std::move(request), [answer](Result<InferResponse> response) {
      answer->set_value(std::move(response));
    });
    return future;
  }
  Result<InferResponse> Ask(const ModelHandle& model, std::vector<std::string_view> outputs = {}) {
    return Send(Request(model, std::move(outputs))).get();
  }
  EnsemblePredictor& predictor() {
    if (predictor_ == nullptr) StartWith({});
    return *predictor_;
  }

  static std::vector<float> Values(const Result<InferResponse>& response, std::size_t output = 0) {
    if (!response.ok()) return {};
    const auto values = response->outputs.at(output).second.view().As<float>();
    return {values.begin(), values.end()};
  }

  const std::array<float, 2> numbers = {1, 2};
  FakeClock clock;
  FewModels models;
  FakeRemotes remotes;
  ResponseCache answers{std::size_t{1} << 20};

 private:
  PredictorOptions options_;
  std::unique_ptr<EnsemblePredictor> predictor_;
};

TEST_F(EnsembleTest, AStepReadsWhatAnotherWrote) {
  Model("first", 10);
  Model("second", 100);
  const ModelHandle model =
      Ensemble({Step("second", {"mid"}, "out"), Step("first", {"in"}, "mid")});
  EXPECT_THAT(Values(Ask(model)), ElementsAre(111, 112));
}

TEST_F(EnsembleTest, SeveralStepsMeetInOne) {
  Model("first", 10);
  Model("left", 100);
  Model("right", 1000);
  Model("sum", 0, 3);
  const ModelHandle model =
      Ensemble({Step("first", {"in"}, "mid"), Step("left", {"mid"}, "l"),
                Step("right", {"mid"}, "r"), Step("sum", {"l", "r", "in"}, "out")});
  // in 1, mid 11, l 111, r 1011.
  EXPECT_THAT(Values(Ask(model)), ElementsAre(1123, 1126));
}

TEST_F(EnsembleTest, TensorsGoFromStepToStepWithoutCopies) {
  const auto first = Model("first", 10);
  const auto second = Model("second", 100);
  const Result<InferResponse> response =
      Ask(Ensemble({Step("first", {"in"}, "mid"), Step("second", {"mid"}, "out")}));
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(first->read_from, std::as_bytes(std::span(numbers)).data());
  EXPECT_EQ(second->read_from, first->wrote_to);
  EXPECT_EQ(response->outputs[0].second.bytes().data(), second->wrote_to);
}

TEST_F(EnsembleTest, StepsThatDoNotWaitForEachOtherRunAtTheSameTime) {
  StartWith({.workers = 2, .inline_below = microseconds(0)});
  const auto both = std::make_shared<std::latch>(2);
  const auto meet = [both] {
    both->arrive_and_wait();
    return Status();
  };
  Model("left", 10)->on_run = meet;
  Model("right", 20)->on_run = meet;
  const ModelHandle model =
      Ensemble({Step("left", {"in"}, "l"), Step("right", {"in"}, "r")}, {"r", "l"});
  auto answer = Send(Request(model));
  ASSERT_EQ(answer.wait_for(seconds(20)), std::future_status::ready);
  const Result<InferResponse> response = answer.get();
  EXPECT_THAT(Values(response, 0), ElementsAre(21, 22));
  EXPECT_THAT(Values(response, 1), ElementsAre(11, 12));
}

TEST_F(EnsembleTest, OnlyStepsThatRequestedOutputsNeedRun) {
  const auto left = Model("left", 10);
  const auto right = Model("right", 20);
  const ModelHandle model =
      Ensemble({Step("left", {"in"}, "l"), Step("right", {"in"}, "r")}, {"l", "r"});
  const Result<InferResponse> response = Ask(model, {"r"});
  EXPECT_THAT(Values(response), ElementsAre(21, 22));
  EXPECT_EQ(response->outputs.size(), 1U);
  EXPECT_EQ(left->runs, 0);
  models.models.erase("left");
  EXPECT_TRUE(Ask(model, {"r"}).ok()) << "whose model is not needed need not be there";
}

TEST_F(EnsembleTest, AFailedStepNamesStepAndModel) {
  Model("first", 10);
  Model("second", 1)->on_run = [] { return ResourceExhausted("no memory"); };
  const auto third = Model("third", 1);
  const Result<InferResponse> response = Ask(Ensemble(
      {Step("first", {"in"}, "a"), Step("second", {"a"}, "b"), Step("third", {"b"}, "out")}));
  EXPECT_EQ(response.status().code(), Code::kResourceExhausted);
  EXPECT_EQ(response.status().ToString(), "no memory (at step 1 (model \"second\"))");
  EXPECT_EQ(third->runs, 0);
}

TEST_F(EnsembleTest, TwoFailingStepsAnswerOnce) {
  StartWith({.workers = 2, .inline_below = microseconds(0)});
  const auto both = std::make_shared<std::latch>(2);
  const auto fail = [both] {
    both->arrive_and_wait();
    return Internal("broken");
  };
  Model("left", 1)->on_run = fail;
  Model("right", 1)->on_run = fail;
  std::atomic<int> answers = 0;
  std::binary_semaphore answered{0};
  const ModelHandle model =
      Ensemble({Step("left", {"in"}, "l"), Step("right", {"in"}, "r")}, {"l", "r"});
  predictor().Predict(Request(model), [&](const Result<InferResponse>&) {
    ++answers;
    answered.release();
  });
  ASSERT_TRUE(answered.try_acquire_for(seconds(20)));
  predictor().Stop();
  EXPECT_EQ(answers, 1);
}

package::EnsembleStep OnServer(package::EnsembleStep step) {
  step.server = "far";
  return step;
}

TEST_F(EnsembleTest, AStepMayBeAModelOnAnotherServer) {
  Model("first", 10);
  Model("last", 100);
  for (const bool on_thread : {false, true}) {
    remotes.on_thread = on_thread;
    InferRequest request =
        Request(Ensemble({Step("first", {"in"}, "a"), OnServer({Step("middle", {"a"}, "b")}),
                          Step("last", {"b"}, "out")}));
    request.deadline = clock.Now() + seconds(5);
    EXPECT_THAT(Values(Send(std::move(request)).get()), ElementsAre(1111, 1112));
    EXPECT_EQ(remotes.deadline, clock.Now() + seconds(5));
  }
  EXPECT_THAT(remotes.asked, ElementsAre("far/middle", "far/middle"));
  predictor().Stop();
  EXPECT_TRUE(remotes.is_stopped);
}

TEST_F(EnsembleTest, AllStepsOnOtherServersAreOfOneTraceThatIsAskedForOnce) {
  InferRequest request = Request(
      Ensemble({OnServer(Step("one", {"in"}, "a")), OnServer(Step("other", {"a"}, "out"))}));
  int asked = 0;
  request.trace = [&] {
    return telemetry::TraceHeaders{.traceparent = fmt::format("trace {}", ++asked),
                                   .tracestate = ""};
  };
  EXPECT_TRUE(Send(std::move(request)).get().ok());
  EXPECT_THAT(remotes.traces, ElementsAre("trace 1", "trace 1"));
}

TEST_F(EnsembleTest, AnotherServersFailureNamesStepModelAndServer) {
  remotes.failure = Unavailable("server \"far\" cannot be reached");
  const Status status = Ask(Ensemble({OnServer(Step("m", {"in"}, "out"))})).status();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(status.place(), "step 0 (model \"m\" on \"far\")");
}

// Bad input R1: a remote step's server that answers with tensors that do not fit
TEST_F(EnsembleTest, WhatAnotherServerWritesMustFitItsReaders) {
  Model("last", 100);
  const std::array<double, 2> doubles{};
  remotes.odd = TensorView{DType::kF64, {1, 2}, std::as_bytes(std::span(doubles))};
  const ModelHandle model =
      Ensemble({OnServer(Step("m", {"in"}, "mid")), Step("last", {"mid"}, "out")});
  const Status status = Ask(model).status();
  EXPECT_EQ(status.number(), errors::kRemoteAnswer);
  EXPECT_THAT(status.message(), HasSubstr("f64[1,2] for step 1 (model \"last\")"));
  const Status output = Ask(Ensemble({OnServer(Step("m", {"in"}, "out"))})).status();
  EXPECT_EQ(output.code(), Code::kInternal);
}

TEST_F(EnsembleTest, AStepsAnswerMayBeOneThatIsKept) {
  const auto first = Model("first", 10);
  const ServedModel& plain = *models.models["first"];
  models.models["first"] =
      std::make_shared<ServedModel>(ServedModel::Parts{.name = "first",
                                                       .signature = plain->signature,
                                                       .executable = plain->executable,
                                                       .output_memory = plain->output_memory,
                                                       .run_time = plain->run_time,
                                                       .config = {.response_cache = true}});
  const ModelHandle model = Ensemble({Step("first", {"in"}, "out")});
  EXPECT_THAT(Values(Ask(model)), ElementsAre(11, 12));
  EXPECT_THAT(Values(Ask(model)), ElementsAre(11, 12));
  EXPECT_EQ(first->runs, 1);
  const ModelStatistics counted = models.models["first"]->counters().Read();
  EXPECT_EQ(counted.cache_hit.count, 1U);
  EXPECT_EQ(counted.cache_miss.count, 1U);
}

TEST_F(EnsembleTest, AStepWhoseModelHasGoneIsNotReady) {
  Model("first", 10);
  const ModelHandle model = Ensemble({Step("first", {"in"}, "mid"), Step("gone", {"mid"}, "out")});
  const Status status = Ask(model).status();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_EQ(status.number(), errors::kModelNotReady);
  EXPECT_EQ(status.ToString(), "model \"gone\" is not loaded (at step 1 (model \"gone\"))");
}

TEST_F(EnsembleTest, AnEnsembleAsAStepIsRefused) {
  Model("first", 10);
  models.models["inner"] = Ensemble({Step("first", {"in"}, "out")});
  const Status status = Ask(Ensemble({Step("inner", {"in"}, "out")})).status();
  EXPECT_THAT(status.ToString(), HasSubstr("an ensemble cannot be a step"));
}

TEST_F(EnsembleTest, InputsAreComparedWithTheEnsembles) {
  const auto first = Model("first", 10);
  const ModelHandle model = Ensemble({Step("first", {"in"}, "out")});
  InferRequest request = Request(model);
  request.inputs[0].name = "x1";
  const Status status = Send(std::move(request)).get().status();
  EXPECT_EQ(status.number(), errors::kTensorNameUnknown);
  EXPECT_EQ(first->runs, 0);
  EXPECT_EQ(model->counters().Read().fail.count, 1U);
}

TEST_F(EnsembleTest, AnEnsemblesConfigurationBoundsItsRows) {
  Model("first", 10);
  const ModelHandle open = Ensemble({Step("first", {"in"}, "out")});
  ServedModel::Parts parts{.name = "ensemble",
                           .signature = (*open)->signature,
                           .ensemble = (*open)->ensemble,
                           .config = {.max_batch_size = 1}};
  const std::array<float, 4> two_rows{};
  InferRequest request = Request(std::make_shared<ServedModel>(std::move(parts)));
  request.inputs[0].tensor = {DType::kF32, {2, 2}, std::as_bytes(std::span(two_rows))};
  EXPECT_THAT(Send(std::move(request)).get().status().message(), HasSubstr("max_batch_size"));
}

TEST_F(EnsembleTest, EnsembleAndStepsAreCounted) {
  Model("first", 10);
  const ModelHandle model = Ensemble({Step("first", {"in"}, "mid"), Step("first", {"mid"}, "out")});
  ASSERT_TRUE(Ask(model).ok());
  const ModelStatistics ensemble = model->counters().Read();
  EXPECT_EQ(ensemble.inference_count, 1U);
  EXPECT_EQ(ensemble.execution_count, 1U);
  EXPECT_EQ(ensemble.success.count, 1U);
  const ModelStatistics step = models.models["first"]->counters().Read();
  EXPECT_EQ(step.inference_count, 2U);
  EXPECT_EQ(step.success.count, 2U);
}

TEST_F(EnsembleTest, TheDeadlineIsTheRequestsInEveryStep) {
  const auto first = Model("first", 10);
  const auto second = Model("second", 10);
  first->on_run = [this] {
    clock.Advance(milliseconds(3));
    return Status();
  };
  InferRequest request =
      Request(Ensemble({Step("first", {"in"}, "mid"), Step("second", {"mid"}, "out")}));
  const MonotonicTime deadline = clock.Now() + milliseconds(5);
  request.deadline = deadline;
  ASSERT_TRUE(Send(std::move(request)).get().ok());
  EXPECT_EQ(first->deadline, deadline);
  EXPECT_EQ(second->deadline, deadline);
}

TEST_F(EnsembleTest, PastTheDeadlineNoMoreStepsRun) {
  Model("first", 10)->on_run = [this] {
    clock.Advance(milliseconds(10));
    return Status();
  };
  const auto second = Model("second", 10);
  InferRequest request =
      Request(Ensemble({Step("first", {"in"}, "mid"), Step("second", {"mid"}, "out")}));
  request.deadline = clock.Now() + milliseconds(5);
  EXPECT_EQ(Send(std::move(request)).get().status().code(), Code::kDeadlineExceeded);
  EXPECT_EQ(second->runs, 0);
}

TEST_F(EnsembleTest, AClientThatLeavesEndsItBetweenSteps) {
  bool has_left = false;
  Model("first", 10)->on_run = [&] {
    has_left = true;
    return Status();
  };
  const auto second = Model("second", 10);
  InferRequest request =
      Request(Ensemble({Step("first", {"in"}, "mid"), Step("second", {"mid"}, "out")}));
  request.abandoned = [&] { return has_left; };
  EXPECT_EQ(Send(std::move(request)).get().status().code(), Code::kCancelled);
  EXPECT_EQ(second->runs, 0);
}

TEST_F(EnsembleTest, StepsOfRequestsThatComeTogetherShareRuns) {
  StartWith({.loops = 1});
  const auto first = Model("first", 10);
  const auto second = Model("second", 100);
  const ModelHandle model =
      Ensemble({Step("first", {"in"}, "mid"), Step("second", {"mid"}, "out")});
  std::deque<std::future<Result<InferResponse>>> answers;
  for (int i = 0; i < 4; ++i) {
    InferRequest request = Request(model);
    request.loop = 0;
    answers.push_back(Send(std::move(request)));
  }
  predictor().FinishRound(0, 0);
  for (auto& answer : answers) {
    ASSERT_EQ(answer.wait_for(seconds(0)), std::future_status::ready) << "in one round of the loop";
    EXPECT_THAT(Values(answer.get()), ElementsAre(111, 112));
  }
  EXPECT_EQ(first->runs, 1);
  EXPECT_EQ(second->runs, 1);
}

TEST_F(EnsembleTest, StepsThatAreSlowTogetherLeaveTheCallersThread) {
  StartWith({.inline_below = microseconds(20)});
  Model("first", 10);
  const auto id = std::make_shared<std::thread::id>();
  Model("second", 100)->on_run = [id] {
    *id = std::this_thread::get_id();
    return Status();
  };
  const ModelHandle model =
      Ensemble({Step("second", {"in"}, "mid"), Step("first", {"mid"}, "out")});
  EXPECT_THAT(Values(Ask(model)), ElementsAre(111, 112));
  EXPECT_NE(*id, std::this_thread::get_id()) << "two of 10 us are not below 20 us";
}

TEST_F(EnsembleTest, OtherModelsAreAnsweredAsBefore) {
  Model("first", 10);
  InferRequest request = Request(models.models["first"]);
  request.inputs[0].name = "x1";
  EXPECT_THAT(Values(Send(std::move(request)).get()), ElementsAre(11, 12));
}

TEST_F(EnsembleTest, AnOutputThatIsNotAsPromisedIsAnError) {
  Model("first", 10);
  models.models["wide"] = models.models["first"];
  const ModelHandle promised = Ensemble({Step("wide", {"in"}, "out")});
  ServedModel::Parts parts{
      .name = "ensemble", .signature = (*promised)->signature, .ensemble = (*promised)->ensemble};
  parts.signature.outputs[0].shape = {-1, 3};
  const Status status = Ask(std::make_shared<ServedModel>(std::move(parts))).status();
  EXPECT_EQ(status.code(), Code::kInternal);
  EXPECT_THAT(status.ToString(), HasSubstr("step 0 (model \"wide\")"));
}

}  // namespace
}  // namespace slipway::serve
