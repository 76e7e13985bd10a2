#pragma once

#include <vector>

#include "base/clock.h"
#include "serve/predict/waiting_requests.h"

namespace slipway::serve {

/// Runs a request on this thread, counts it and completes it, or says why it is not worth running:
/// DeadlineExceeded, Cancelled. `started`: now.
void RunTask(PredictTask task, MonotonicTime started, const Clock& clock);

/// Completes a request that was run, and counts it. `outputs`: one for each wanted.
void CompleteTask(PredictTask task, std::vector<TensorBuffer> outputs, const InferenceTimes& times,
                  const Clock& clock);

/// Whether it is worth running: DeadlineExceeded, Cancelled.
Status WhyNotRun(const PredictTask& task, MonotonicTime now);

/// Completes a request that is not run, and counts it by the status.
void RefuseTask(const PredictTask& task, Status why, MonotonicTime now);

/// The answer for a request past its deadline.
Status DeadlinePassed();
/// The answer for a request whose client has gone.
Status ClientGone();

}  // namespace slipway::serve
