#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "serve/predict/run_task.h"
#include "serve/predict/waiting_requests.h"

namespace slipway::serve {

/// Requests for quick models that came in one round of an event loop and wait for its end, so that
/// those for one model may share a run. Belongs to the loop's thread.
class Cohort {
 public:
  /// Whether a request may share runs at all: its model has a profile in which that pays.
  static bool MayHold(const PredictTask& task);

  /// Precondition: MayHold(task).
  void Add(PredictTask&& task);
  /// How long what is held will run at least.
  std::chrono::nanoseconds run_time() const { return run_time_; }
  /// Runs all of it on this thread and completes it, the oldest first; NextBatch() decides who runs
  /// together, in runs of at most `longest`. What a completion adds waits for the next call.
  void Run(std::chrono::nanoseconds longest, const RunContext& context);

 private:
  void TakePartners();
  void RunPartners(std::chrono::nanoseconds longest, const RunContext& context);

  std::vector<PredictTask> tasks_;
  std::chrono::nanoseconds run_time_{0};
  // Of Run(); kept for their memory.
  std::vector<PredictTask> running_;
  std::vector<PredictTask*> left_;
  std::vector<PredictTask*> partners_;
  std::vector<std::int64_t> rows_;
};

}  // namespace slipway::serve
