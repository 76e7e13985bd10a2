#include "serve/predict/caching_predictor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/fake_clock.h"
#include "serve/model/fake_engine.h"

namespace slipway::serve {
namespace {

using testing::ElementsAre;

/// Answers y = {x[0], x[1], how many runs there were}, or refuses.
class CountingPredictor final : public Predictor {
 public:
  void Predict(InferRequest&& request, InferCompletion&& done) override {
    ++runs;
    if (refuses) return done(Unavailable("full"));
    const std::span<const float> x = request.inputs.front().tensor.As<float>();
    TensorBuffer y = TensorBuffer::Allocate(DType::kF32, {1, 3}).value();
    std::ranges::copy(std::array{x[0], x[1], static_cast<float>(runs)}, y.As<float>().begin());
    InferResponse response{.model = request.model};
    response.outputs.emplace_back(&(*request.model)->signature.outputs[0], std::move(y));
    done(std::move(response));
  }
  Status Foresee(const ServedModel&, std::optional<std::chrono::nanoseconds>) override {
    return refuses ? Unavailable("full") : Status();
  }
  std::chrono::nanoseconds FinishRound(unsigned, unsigned) override { return {}; }
  void Stop() override {}

  int runs = 0;
  bool refuses = false;
};

ModelHandle Model(bool has_cache = true) {
  return std::make_shared<ServedModel>(ServedModel::Parts{
      .name = "m", .signature = FakeSignature(), .config = {.response_cache = has_cache}});
}

class CachingPredictorTest : public testing::Test {
 protected:
  using Numbers = std::vector<float>;

  InferRequest Request(const std::vector<float>& x, Shape shape = {1, 2}) const {
    return {.model = model, .inputs = {{"x", {DType::kF32, shape, std::as_bytes(std::span(x))}}}};
  }
  /// What is answered; empty: a refusal.
  std::vector<float> Ask(InferRequest request) {
    std::vector<float> answer;
    predictor->Predict(std::move(request), [&](Result<InferResponse> response) {
      if (!response.ok()) return;
      const auto y = response->outputs.front().second.As<float>();
      answer.assign(y.begin(), y.end());
      was_cached = response->run.is_cached;
    });
    return answer;
  }

  ModelHandle model = Model();
  FakeClock clock;
  CountingPredictor inner;
  ResponseCache cache{1 << 20};
  std::unique_ptr<Predictor> predictor = CacheAnswers(inner, cache, clock);
  bool was_cached = false;
  const Numbers one{1, 2};
  const Numbers other{1, 3};
};

TEST_F(CachingPredictorTest, TheSameQuestionIsRunOnce) {
  EXPECT_THAT(Ask(Request(one)), ElementsAre(1, 2, 1));
  EXPECT_FALSE(was_cached);
  EXPECT_THAT(Ask(Request(one)), ElementsAre(1, 2, 1));
  EXPECT_TRUE(was_cached);
  EXPECT_EQ(inner.runs, 1);
  const ModelStatistics counted = model->counters().Read();
  EXPECT_EQ(counted.cache_hit.count, 1u);
  EXPECT_EQ(counted.cache_miss.count, 1u);
  EXPECT_EQ(counted.success.count, 1u) << "hits are successes; runs are counted inside";
  EXPECT_EQ(counted.inference_count, 0u) << "hits run nothing";
}

TEST_F(CachingPredictorTest, WantOfRoomIsForeseenOnlyWhereNothingIsKept) {
  inner.refuses = true;
  EXPECT_TRUE(predictor->Foresee(*model, std::nullopt).ok());
  EXPECT_FALSE(predictor->Foresee(*Model(false), std::nullopt).ok());
}

TEST_F(CachingPredictorTest, AnythingElseIsAnotherQuestion) {
  Ask(Request(one));
  EXPECT_THAT(Ask(Request(other)), ElementsAre(1, 3, 2)) << "other bytes";
  EXPECT_THAT(Ask(Request(one, {2, 1})), ElementsAre(1, 2, 3)) << "another shape";
  InferRequest renamed = Request(one);
  renamed.inputs[0].name = "z";
  EXPECT_THAT(Ask(std::move(renamed)), ElementsAre(1, 2, 4)) << "another name";
  InferRequest wished = Request(one);
  wished.outputs = {"y"};
  EXPECT_THAT(Ask(std::move(wished)), ElementsAre(1, 2, 5)) << "outputs by name";
}

TEST_F(CachingPredictorTest, TheOrderOfInputsMeansNothing) {
  for (const bool is_reversed : {false, true}) {
    InferRequest request = Request(one);
    request.inputs.push_back({"w", request.inputs[0].tensor});
    if (is_reversed) std::ranges::reverse(request.inputs);
    Ask(std::move(request));
  }
  EXPECT_EQ(inner.runs, 1);
}

TEST_F(CachingPredictorTest, AVersionLoadedAgainIsAskedAgain) {
  Ask(Request(one));
  model = Model();
  EXPECT_THAT(Ask(Request(one)), ElementsAre(1, 2, 2));
  EXPECT_EQ(cache.bytes(), ResponseCache::kEntryBytes + 12) << "what is gone holds no memory";
}

TEST_F(CachingPredictorTest, ModelsWithoutACacheAreNotCached) {
  model = Model(false);
  Ask(Request(one));
  Ask(Request(one));
  EXPECT_EQ(inner.runs, 2);
  EXPECT_EQ(model->counters().Read().cache_miss.count, 0u);
}

TEST_F(CachingPredictorTest, FailuresAreNotKept) {
  inner.refuses = true;
  EXPECT_THAT(Ask(Request(one)), ElementsAre());
  inner.refuses = false;
  EXPECT_THAT(Ask(Request(one)), ElementsAre(1, 2, 2));
}

TEST_F(CachingPredictorTest, LongRequestsAreNotLookedUp) {
  const Numbers many(ResponseCache::kMaxInputBytes / sizeof(float) + 1);
  EXPECT_FALSE(ResponseCache::KeyOf(Request(many)).has_value());
  Ask(Request(many));
  Ask(Request(many));
  EXPECT_EQ(inner.runs, 2);
}

TEST_F(CachingPredictorTest, WhatWasNotAskedForLongestGoesFirst) {
  ResponseCache small(2 * (ResponseCache::kEntryBytes + 12));
  predictor = CacheAnswers(inner, small, clock);
  const Numbers third{5, 6};
  Ask(Request(one));
  Ask(Request(other));
  Ask(Request(one));
  Ask(Request(third));
  EXPECT_EQ(inner.runs, 3);
  Ask(Request(one));
  EXPECT_EQ(inner.runs, 3) << "asked for lately";
  Ask(Request(other));
  EXPECT_EQ(inner.runs, 4) << "it had gone";
  EXPECT_LE(small.bytes(), 2 * (ResponseCache::kEntryBytes + 12));
}

TEST_F(CachingPredictorTest, AnAnswerBeyondTheBoundIsNotKept) {
  ResponseCache tiny(8);
  predictor = CacheAnswers(inner, tiny, clock);
  Ask(Request(one));
  Ask(Request(one));
  EXPECT_EQ(inner.runs, 2);
  EXPECT_EQ(tiny.bytes(), 0u);
}

TEST_F(CachingPredictorTest, AnAnswerOutlivesItsEntry) {
  Ask(Request(one));
  InferResponse kept;
  predictor->Predict(Request(one),
                     [&](Result<InferResponse> response) { kept = std::move(*response); });
  model = Model();
  Ask(Request(one));  // drops the entry
  EXPECT_THAT(kept.outputs.front().second.As<float>(), ElementsAre(1, 2, 1));
}

}  // namespace
}  // namespace slipway::serve
