#pragma once

#include <chrono>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "serve/model/output_memory.h"
#include "tensor/signature.h"

namespace slipway::serve {

struct WarmUp {
  std::chrono::nanoseconds run_time{0};  ///< t(1): the shortest run of one row; 0: none succeeded
  /// The least CPU time of this thread that one of those runs took: what a run takes where nobody
  /// else wants the core, if the engine computes on the calling thread alone.
  std::chrono::nanoseconds cpu_time{0};
  std::vector<OutputMemory> outputs;  ///< one per output of the signature
  std::int64_t size = 1;              ///< that dimensions of any size had, but for the first
};

/// The signature of requests whose open dimensions have that size, but for the first. Pure.
Signature WithSizes(Signature signature, std::int64_t size);

/// Runs a model a few times on zeros, so that its first request is not slow, and finds what the
/// request path wants to know: one run, and more while they take less than 10 ms together.
/// Dimensions of any size are 1, or the first of a few sizes with which the model runs. A model
/// whose inputs leave sizes open may refuse them all: then `run_time` is 0. The engine's error: a
/// model without such inputs does not run.
Result<WarmUp> WarmUpModel(const engine::Executable& executable, const Signature& signature);

}  // namespace slipway::serve
