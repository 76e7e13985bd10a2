#pragma once

#include "base/clock.h"
#include "serve/predict/waiting_requests.h"

namespace slipway::serve {

/// Runs a request on this thread, counts it and completes it, or says why it is not worth running:
/// DeadlineExceeded, Cancelled. `started`: now.
void RunTask(PredictTask task, MonotonicTime started, const Clock& clock);

/// Completes a request that is not run, and counts it by the status.
void RefuseTask(const PredictTask& task, Status why, MonotonicTime now);

/// The answer for a request past its deadline.
Status DeadlinePassed();
/// The answer for a request whose client has gone.
Status ClientGone();

}  // namespace slipway::serve
