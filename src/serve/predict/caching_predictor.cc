#include "serve/predict/caching_predictor.h"

#include <chrono>
#include <optional>
#include <utility>

namespace slipway::serve {
namespace {

class CachingPredictor final : public Predictor {
 public:
  CachingPredictor(Predictor& inner, ResponseCache& cache, const Clock& clock)
      : inner_(inner), cache_(cache), clock_(clock) {}

  void Predict(InferRequest&& request, InferCompletion&& done) override {
    if (!cache_.IsOn() || !(*request.model)->config.response_cache)
      return inner_.Predict(std::move(request), std::move(done));
    const MonotonicTime arrived = clock_.Now();
    const std::optional<Digest> key = ResponseCache::KeyOf(request);
    if (!key) return inner_.Predict(std::move(request), std::move(done));
    const ModelHandle model = request.model;
    if (auto outputs = cache_.Find(model, *key)) {
      model->counters().RecordCacheHit(clock_.Now() - arrived, clock_.WallNow());
      return done(InferResponse{
          .model = model, .outputs = std::move(*outputs), .times = {}, .run = {.is_cached = true}});
    }
    model->counters().RecordCacheMiss(clock_.Now() - arrived);
    inner_.Predict(std::move(request), [this, model, key = *key,
                                        done = std::move(done)](Result<InferResponse> response) {
      if (response.ok()) cache_.Keep(model, key, response->outputs);
      done(std::move(response));
    });
  }

  /// What may be kept needs no room.
  Status Foresee(const ServedModel& model,
                 std::optional<std::chrono::nanoseconds> patience) override {
    if (cache_.IsOn() && model->config.response_cache) return {};
    return inner_.Foresee(model, patience);
  }
  std::chrono::nanoseconds FinishRound(unsigned loop, unsigned rejected) override {
    return inner_.FinishRound(loop, rejected);
  }
  void Stop() override { inner_.Stop(); }

 private:
  Predictor& inner_;
  ResponseCache& cache_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<Predictor> CacheAnswers(Predictor& inner, ResponseCache& cache,
                                        const Clock& clock) {
  return std::make_unique<CachingPredictor>(inner, cache, clock);
}

}  // namespace slipway::serve
