#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "serve/predict/bound_request.h"
#include "serve/predict/predictor.h"

namespace slipway::serve {

/// A request that passed all checks, with whom to tell.
struct PredictTask {
  InferRequest request;
  BoundRequest bound;
  InferCompletion done;
  MonotonicTime arrived;
  MonotonicTime checked;  ///< when the checks were done
  MonotonicTime deadline;
  std::uint32_t level = 0;  ///< PriorityLevel()
  /// By its model's configuration it has waited long enough then: it is refused, or served after
  /// those that have not.
  MonotonicTime expires = MonotonicTime::max();
  bool yields_when_expired = false;
  RunFacts run;  ///< filled when it runs
};

/// A request that arrives now, as a task: bound to its model, with a deadline `default_deadline`
/// from now where it has none. nullopt: it was refused, counted and told, as Bind() or CheckRows()
/// say.
std::optional<PredictTask> BeginTask(InferRequest&& request, InferCompletion&& done,
                                     std::chrono::nanoseconds default_deadline, const Clock& clock);

}  // namespace slipway::serve
