#pragma once

#include "serve/predict/run_task.h"
#include "serve/predict/waiting_requests.h"

namespace slipway::serve {

/// Runs a request as RunTask() does, and after it was answered once more beside made-up rows, and
/// tells its model whether it gave the same (BatchLearner). The caller's answer does not wait for
/// that, and the thread is busy for one run of twice the rows more.
void RunTrial(PredictTask task, MonotonicTime started, const RunContext& context);

}  // namespace slipway::serve
