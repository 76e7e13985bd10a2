#include "serve/predict/sequence_predictor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

#include "base/error_catalogue.h"
#include "base/fake_clock.h"

namespace slipway::serve {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

/// sum = x + before, and the same as the next `before`; flags = start + 10 ready + 100 end; id.
/// Runs at once, or when the test says.
class AddingPredictor final : public Predictor {
 public:
  void Predict(InferRequest&& request, InferCompletion&& done) override {
    waiting.push_back({std::move(request), std::move(done)});
    if (!waits) RunOne();
  }
  std::chrono::nanoseconds FinishRound(unsigned, unsigned) override { return {}; }
  void Stop() override {
    while (!waiting.empty()) Refuse(Unavailable("the server ends"));
  }

  void RunOne() {
    SequenceTurn turn = Take();
    if (!failure.ok()) return turn.done(failure);
    std::map<std::string_view, const TensorView*> inputs;
    for (const InferInput& input : turn.request.inputs) inputs[input.name] = &input.tensor;
    const float sum = *inputs["x"]->As<float>().data() + *inputs["before"]->As<float>().data();
    const float flags = *inputs["start"]->As<float>().data() +
                        10 * *inputs["ready"]->As<float>().data() +
                        100 * *inputs["end"]->As<float>().data();
    const float id = static_cast<float>(*inputs["id"]->As<std::uint64_t>().data());
    const std::map<std::string, float> numbers = {
        {"sum", sum}, {"after", sum}, {"flags", flags}, {"whose", id}};
    InferResponse response{.model = turn.request.model};
    const Signature& signature = (*response.model)->signature;
    for (const std::string_view name : turn.request.outputs) {
      const TensorSpec* spec = signature.FindOutput(name);
      TensorBuffer tensor = TensorBuffer::Allocate(DType::kF32, {1, 1}).value();
      tensor.As<float>().front() = numbers.at(spec->name);
      response.outputs.emplace_back(spec, std::move(tensor));
    }
    turn.done(std::move(response));
  }
  void Refuse(Status why) { Take().done(std::move(why)); }

  bool waits = false;
  Status failure;
  std::deque<SequenceTurn> waiting;

 private:
  SequenceTurn Take() {
    SequenceTurn turn = std::move(waiting.front());
    waiting.pop_front();
    return turn;
  }
};

TensorSpec Spec(std::string name, DType dtype = DType::kF32) {
  return {.name = std::move(name), .dtype = dtype, .shape = {-1, 1}};
}

ModelHandle Model(std::uint32_t max_candidates = 0) {
  using Kind = SequenceControl::Kind;
  const SequenceBatching sequences{.controls = {{Kind::kStart, "start", DType::kF32},
                                                {Kind::kReady, "ready", DType::kF32},
                                                {Kind::kEnd, "end", DType::kF32},
                                                {Kind::kId, "id", DType::kU64}},
                                   .states = {{.input = "before", .output = "after", .dims = {1}}},
                                   .is_oldest = max_candidates > 0,
                                   .max_candidates = max_candidates};
  return std::make_shared<ServedModel>(ServedModel::Parts{
      .name = "adder",
      .signature = {.inputs = {Spec("x"), Spec("start"), Spec("ready"), Spec("end"),
                               Spec("id", DType::kU64), Spec("before")},
                    .outputs = {Spec("sum"), Spec("after"), Spec("flags"), Spec("whose")}},
      .config = {.sequence_batching = sequences}});
}

class SequencePredictorTest : public testing::Test {
 protected:
  struct Told {
    std::vector<float> outputs;
    Status status = Unavailable("not answered yet");
  };

  /// Returns where the answer will be.
  Told& Send(float x, SequenceStep step, std::vector<std::string_view> outputs = {}) {
    const auto& number = numbers_.emplace_back(x);
    Told& told = told_.emplace_back();
    predictor->Predict(
        {.model = model,
         .inputs = {{"x", {DType::kF32, {1, 1}, std::as_bytes(std::span(&number, 1))}}},
         .outputs = std::move(outputs),
         .sequence = std::move(step)},
        [&told](Result<InferResponse> response) {
          told.status = response.status();
          if (!response.ok()) return;
          for (auto& [spec, tensor] : response->outputs)
            told.outputs.push_back(tensor.As<float>().front());
        });
    return told;
  }
  float Sum(float x, SequenceStep step) {
    const Told& told = Send(x, std::move(step), {"sum"});
    EXPECT_TRUE(told.status.ok()) << told.status.ToString();
    return told.outputs.empty() ? 0 : told.outputs.front();
  }
  void Restart(SequenceLimits limits) {
    predictor.reset();
    predictor = KeepSequences(inner, limits, seconds(30), clock);
  }

  FakeClock clock;
  AddingPredictor inner;
  ModelHandle model = Model();
  std::unique_ptr<Predictor> predictor = KeepSequences(inner, {}, seconds(30), clock);

 private:
  std::deque<float> numbers_;
  std::deque<Told> told_;
};

TEST_F(SequencePredictorTest, ASequenceAddsUp) {
  EXPECT_EQ(Sum(1, {.id = 7U, .is_start = true}), 1);
  EXPECT_EQ(Sum(2, {.id = 7U}), 3);
  EXPECT_EQ(Sum(4, {.id = 7U, .is_end = true}), 7);
}

TEST_F(SequencePredictorTest, SequencesDoNotMix) {
  Sum(1, {.id = 7U, .is_start = true});
  EXPECT_EQ(Sum(10, {.id = 8U, .is_start = true}), 10);
  EXPECT_EQ(Sum(2, {.id = 7U}), 3);
  EXPECT_EQ(Sum(20, {.id = 8U}), 30);
  model = Model();
  EXPECT_THAT(Send(1, {.id = 7U}).status.message(), HasSubstr("not known")) << "of another model";
}

TEST_F(SequencePredictorTest, TheModelIsToldWhereItStands) {
  EXPECT_THAT(Send(1, {.id = 7U, .is_start = true}, {"flags", "whose"}).outputs,
              ElementsAre(11, 7));
  EXPECT_THAT(Send(1, {.id = 7U}, {"flags"}).outputs, ElementsAre(10));
  EXPECT_THAT(Send(1, {.id = 7U, .is_end = true}, {"flags"}).outputs, ElementsAre(110));
}

TEST_F(SequencePredictorTest, StatesAreAnsweredOnlyToWhomAsks) {
  EXPECT_THAT(Send(1, {.id = 7U, .is_start = true}).outputs, ElementsAre(1, 11, 7));
  EXPECT_THAT(Send(2, {.id = 7U}, {"after"}).outputs, ElementsAre(3));
  EXPECT_EQ(Sum(1, {.id = 7U}), 4);
}

TEST_F(SequencePredictorTest, ATextMayNameASequenceWhereTheModelDoesNotTakeIt) {
  EXPECT_THAT(Send(1, {.id = "seven", .is_start = true}).status.message(),
              HasSubstr("sequence \"seven\" is named by a text"));
}

TEST_F(SequencePredictorTest, TheFirstRequestMustStartIt) {
  const Told& told = Send(1, {.id = 7U});
  EXPECT_EQ(told.status.code(), Code::kInvalidArgument);
  EXPECT_THAT(told.status.message(), HasSubstr("sequence 7 of model \"adder\" is not known: the "
                                               "first request of a sequence must specify"));
  Sum(1, {.id = 7U, .is_start = true, .is_end = true});
  EXPECT_FALSE(Send(1, {.id = 7U}).status.ok()) << "it has ended";
}

TEST_F(SequencePredictorTest, ARequestMustBeInASequence) {
  for (const SequenceStep& step : {SequenceStep{}, SequenceStep{.id = std::string()}})
    EXPECT_THAT(Send(1, step).status.message(), HasSubstr("must have a sequence_id"));
}

TEST_F(SequencePredictorTest, RequestsOfASequenceRunOneAfterTheOther) {
  inner.waits = true;
  std::vector<Told*> told = {&Send(1, {.id = 7U, .is_start = true}, {"sum"}),
                             &Send(2, {.id = 7U}, {"sum"}),
                             &Send(3, {.id = 7U, .is_start = true}, {"sum"}),
                             &Send(5, {.id = 8U, .is_start = true}, {"sum"})};
  EXPECT_EQ(inner.waiting.size(), 2u) << "one of each sequence";
  while (!inner.waiting.empty()) inner.RunOne();
  std::vector<float> sums;
  for (const Told* each : told) sums.push_back(each->outputs.at(0));
  EXPECT_THAT(sums, ElementsAre(1, 3, 3, 5)) << "a start begins anew, after those before it";
}

TEST_F(SequencePredictorTest, ManyThatWaitDoNotDeepenTheStack) {
  Restart({.max_waiting = 100'000});
  inner.waits = true;
  Send(1, {.id = 7U, .is_start = true}, {"sum"});
  Told* last = nullptr;
  for (int i = 0; i < 50'000; ++i) last = &Send(1, {.id = 7U}, {"sum"});
  inner.waits = false;
  inner.RunOne();
  EXPECT_THAT(last->outputs, ElementsAre(50'001));
}

TEST_F(SequencePredictorTest, AFailureLeavesTheStatesAsTheyWere) {
  Sum(1, {.id = 7U, .is_start = true});
  inner.failure = Internal("broken");
  EXPECT_EQ(Send(2, {.id = 7U}).status.message(), "broken");
  inner.failure = {};
  EXPECT_EQ(Sum(4, {.id = 7U}), 5);
}

TEST_F(SequencePredictorTest, AStartThatFailsStartsNothing) {
  inner.failure = Internal("broken");
  Send(2, {.id = 7U, .is_start = true});
  inner.failure = {};
  EXPECT_THAT(Send(1, {.id = 7U}).status.message(), HasSubstr("not known"));
}

TEST_F(SequencePredictorTest, AnIdleSequenceEnds) {
  Sum(1, {.id = 7U, .is_start = true});
  clock.Advance(milliseconds(999));
  EXPECT_EQ(Sum(1, {.id = 7U}), 2);
  clock.Advance(seconds(1));
  EXPECT_THAT(Send(1, {.id = 7U}).status.message(), HasSubstr("not known"));
}

TEST_F(SequencePredictorTest, ASequenceThatRunsIsNotIdle) {
  inner.waits = true;
  Send(1, {.id = 7U, .is_start = true});
  clock.Advance(seconds(10));
  inner.RunOne();
  inner.waits = false;
  EXPECT_EQ(Sum(1, {.id = 7U}), 2);
}

TEST_F(SequencePredictorTest, MoreSequencesThanTheModelHoldsAreRefused) {
  model = Model(2);
  Sum(1, {.id = 1U, .is_start = true});
  Sum(1, {.id = 2U, .is_start = true});
  const Told& full = Send(1, {.id = 3U, .is_start = true});
  EXPECT_EQ(full.status.number(), errors::kQueueFull);
  EXPECT_EQ(full.status.message(), "2 sequences of model \"adder\" go on already");
  EXPECT_EQ(model->counters().Read().rejected_count, 1u);
  Sum(1, {.id = 2U, .is_end = true});
  EXPECT_EQ(Sum(1, {.id = 3U, .is_start = true}), 1);
  clock.Advance(seconds(1));
  EXPECT_EQ(Sum(1, {.id = 4U, .is_start = true}), 1) << "idle ones make room";
}

TEST_F(SequencePredictorTest, WhatWaitsAndWhatIsKeptIsBounded) {
  Restart({.max_waiting = 1, .max_state_bytes = 4});
  Sum(1, {.id = 7U, .is_start = true});
  EXPECT_THAT(Send(1, {.id = 8U, .is_start = true}).status.message(),
              HasSubstr("the states of all sequences are larger than 4 bytes"));
  inner.waits = true;
  Send(1, {.id = 7U});
  Send(1, {.id = 7U});
  EXPECT_EQ(Send(1, {.id = 7U}).status.number(), errors::kQueueFull);
  inner.Stop();
}

TEST_F(SequencePredictorTest, WhatTheServerFillsIsNotTheClients) {
  const float one = 1;
  const TensorView tensor{DType::kF32, {1, 1}, std::as_bytes(std::span(&one, 1))};
  for (const char* name : {"before", "start"}) {
    Status status;
    predictor->Predict({.model = model,
                        .inputs = {{"x", tensor}, {name, tensor}},
                        .sequence = {.id = 7U, .is_start = true}},
                       [&](Result<InferResponse> response) { status = response.status(); });
    EXPECT_THAT(status.message(), HasSubstr("is filled by the server")) << name;
  }
}

TEST_F(SequencePredictorTest, ARequestHasOneRow) {
  const std::array<float, 2> two{};
  Status status;
  predictor->Predict({.model = model,
                      .inputs = {{"x", {DType::kF32, {2, 1}, std::as_bytes(std::span(two))}}},
                      .sequence = {.id = 7U, .is_start = true}},
                     [&](Result<InferResponse> response) { status = response.status(); });
  EXPECT_EQ(status.message(), "a request of a sequence has one row, input \"x\" has 2");
}

}  // namespace
}  // namespace slipway::serve
