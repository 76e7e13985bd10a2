#pragma once

#include <span>

#include "serve/predict/run_task.h"
#include "serve/predict/waiting_requests.h"

namespace slipway::serve {

/// Whether their rows may be joined: each has some, one model version, the same outputs wanted,
/// inputs whose shapes differ in the first dimension only. Precondition: the model has a batch
/// profile.
bool MayRunTogether(const PredictTask& one, const PredictTask& other);

/// Runs requests as one, counts and completes each with its own rows, in their order. Those that
/// are not worth running are refused first; those whose inputs may end the model's process
/// (OutsideProcess::IsSuspect()) run alone, last. If the joint run fails, each is run alone, so
/// that one request's fault is not another's; if it was too long for this thread, each goes to a
/// worker. Precondition: MayRunTogether() for any two; not empty. Leaves the tasks empty and their
/// order undefined. Costs a copy of the inputs and of the outputs.
void RunTogether(std::span<PredictTask*> tasks, const RunContext& context);

}  // namespace slipway::serve
