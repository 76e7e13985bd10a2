#pragma once

#include <memory>

#include "serve/predict/predictor.h"
#include "serve/predict/response_cache.h"

namespace slipway::serve {

/// A Predictor that answers from the cache, where that is on, what `inner` answered before, for
/// models whose configuration has a response cache; a hit is completed on the calling thread.
/// Failures are not kept. All arguments outlive it.
std::unique_ptr<Predictor> CacheAnswers(Predictor& inner, ResponseCache& cache, const Clock& clock);

}  // namespace slipway::serve
