#pragma once

#include <vector>

#include "base/clock.h"
#include "serve/predict/waiting_requests.h"

namespace slipway::serve {

/// What every run is given.
struct RunContext {
  const Clock& clock;
  std::uint64_t max_run_bytes = 0;  ///< 0: any
  /// On an event loop: where a run is begun anew that took longer than `longest`. Nullptr: the run
  /// may take until the request's deadline.
  WaitingRequests* overflow = nullptr;
  std::chrono::milliseconds longest{0};
};

/// Runs a request on this thread, counts it and completes it, or says why it is not worth running:
/// DeadlineExceeded, Cancelled. A run that is too long for this thread goes to context.overflow.
/// `started`: now. What is left of the task holds the request's memory.
void RunTask(PredictTask& task, MonotonicTime started, const RunContext& context);

struct LoneRun {
  std::vector<TensorBuffer> outputs;  ///< one for each wanted
  InferenceTimes times;
};
/// Runs a request on this thread and counts the run; what Executable::Run() says.
Result<LoneRun> RunAlone(const PredictTask& task, MonotonicTime started, const RunContext& context);

/// When a run that begins now must end.
MonotonicTime RunDeadline(const PredictTask& task, MonotonicTime now, const RunContext& context);
/// Whether a run ended because it was too long for this thread, with time left for another.
bool IsTooLongHere(const Status& run, const PredictTask& task, MonotonicTime now,
                   const RunContext& context);
/// Hands the request to a worker; its model stays away from event loops for a while.
void HandOver(PredictTask& task, MonotonicTime now, const RunContext& context);

/// Completes a request that was run, and counts it; takes its model and leaves the rest to whoever
/// has it. `outputs`: one for each wanted. `now`: when that run ended or later.
void CompleteTask(PredictTask& task, std::vector<TensorBuffer> outputs, const InferenceTimes& times,
                  WallTime now);

/// Whether it is worth running: DeadlineExceeded, Cancelled.
Status WhyNotRun(const PredictTask& task, MonotonicTime now);

/// Completes a request that is not run, and counts it by the status.
void RefuseTask(const PredictTask& task, Status why, MonotonicTime now);

/// The answer for what cannot be worked on any more.
Status ServerEnds();
/// The answer for a request past its deadline.
Status DeadlinePassed();
/// The answer for a request that has waited as long as its model's configuration lets it.
Status WaitedTooLong();
/// The answer for a request whose client has gone.
Status ClientGone();

}  // namespace slipway::serve
