#pragma once

#include <chrono>
#include <span>

#include "base/status.h"
#include "engine/engine.h"
#include "serve/batch/batch_profile.h"
#include "serve/model/output_memory.h"
#include "tensor/signature.h"

namespace slipway::serve {

/// A model beyond this time a row is not measured: requests for it wait for a worker one by one.
inline constexpr std::chrono::milliseconds kMeasuredBelow{1};

/// Finds out whether requests of strangers may share a run of this model, and what that costs.
/// `outputs`: one per output, as WarmUpModel() confirmed them; `run_time`: t(1).
///
/// They may if every output has a row for each row of the inputs and a row's answer does not depend
/// on its neighbours. The latter is tried, with rows of different magnitude run together and alone:
/// a model that normalises over the batch, or quantizes it by its common range, gives itself away.
/// Unknown (no batching) where they may not, where sizes behind the first are open, for strings,
/// and for a model of kMeasuredBelow or more. Takes some 15 ms at most, usually less than 2.
BatchProfile MeasureBatches(const engine::Executable& executable, const Signature& signature,
                            std::span<const OutputMemory> outputs,
                            std::chrono::nanoseconds run_time);

}  // namespace slipway::serve
