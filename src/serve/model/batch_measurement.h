#pragma once

#include <chrono>
#include <span>

#include "base/status.h"
#include "engine/engine.h"
#include "serve/batch/batch_profile.h"
#include "serve/model/output_memory.h"
#include "tensor/signature.h"

namespace slipway::serve {

/// A model beyond this time a row is not measured: what running together costs is learned while it
/// serves (BatchLearner).
inline constexpr std::chrono::milliseconds kMeasuredBelow{1};

/// Whether the rows of strangers may stand in one run of this model, as far as its signature says:
/// not where an output has no row for each row of the inputs, where sizes behind the first are
/// open, and for strings. `outputs`: one per output, as WarmUpModel() confirmed them.
bool MayHoldStrangers(const Signature& signature, std::span<const OutputMemory> outputs);

/// Whether a row's answer is the same beside other rows: tried with rows of different magnitude,
/// run together and alone. False where the model does not run with several. Costs five runs.
/// Precondition: MayHoldStrangers().
bool StayRowsTheirOwn(const engine::Executable& executable, const Signature& signature);

/// Finds out whether requests of strangers may share a run of this model, and what that costs.
/// `outputs`: one per output, as WarmUpModel() confirmed them; `run_time`: t(1).
///
/// They may if every output has a row for each row of the inputs and a row's answer does not depend
/// on its neighbours. The latter is tried, with rows of different magnitude run together and alone:
/// a model that normalises over the batch, or quantizes it by its common range, gives itself away.
/// Unknown (no batching) where they may not, and for a model of kMeasuredBelow or more. `before`:
/// what was measured before, and is not again where rows are independent. Takes some 15 ms at most,
/// usually less than 2.
BatchProfile MeasureBatches(const engine::Executable& executable, const Signature& signature,
                            std::span<const OutputMemory> outputs,
                            std::chrono::nanoseconds run_time, const BatchProfile& before = {});

}  // namespace slipway::serve
