#pragma once

#include <chrono>
#include <memory>

#include "serve/predict/predictor.h"
#include "serve/predict/sequence_table.h"

namespace slipway::serve {

/// A Predictor that keeps the sequences of models whose configuration has them: it puts a request's
/// place in its sequence and the states of those before it among the inputs, and lets `inner` run
/// the requests of a sequence one after the other; those of different sequences may share runs. A
/// request that fails leaves the states as they were. Requests for other models pass through.
/// `default_deadline` holds from the moment a request comes. `inner` and `clock` outlive it.
std::unique_ptr<Predictor> KeepSequences(Predictor& inner, const SequenceLimits& limits,
                                         std::chrono::milliseconds default_deadline,
                                         const Clock& clock);

}  // namespace slipway::serve
