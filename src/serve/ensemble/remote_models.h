#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "serve/predict/predictor.h"
#include "telemetry/trace_context.h"

namespace slipway::serve {

/// One inference of a model on another server. The views stay valid until the completion has run:
/// `keeper` holds what they point into.
struct RemoteRequest {
  std::string_view server;  ///< the name that it has here
  std::string_view model;
  std::optional<std::int64_t> version;  ///< absent: as that server decides
  std::vector<InferInput> inputs;
  std::vector<std::string_view> outputs;
  MonotonicTime deadline;
  std::shared_ptr<const void> keeper;
  std::function<bool()> abandoned;     ///< true: nobody waits any more; may be null
  telemetry::TraceHeaders trace = {};  ///< what it says of the trace that it belongs to
};

/// Runs models on other servers. Thread-safe.
class RemoteModels {
 public:
  virtual ~RemoteModels() = default;

  /// Returns at once. `done` runs once, on a thread of this object or, for what is refused, before
  /// this returns; the specs of its outputs are null. FailedPrecondition (kRemoteNotAllowed): no
  /// such server. Unavailable (kRemoteUnavailable): it cannot be reached, is overloaded, or is not
  /// asked for a while. DeadlineExceeded; Cancelled. Internal (kRemoteAnswer): it says something
  /// else, or refuses what the ensemble's client did not cause. InvalidArgument: what it refuses in
  /// the tensors.
  virtual void Infer(RemoteRequest request, InferCompletion done) = 0;

  /// Ends what is under way, and what still waits, as Unavailable.
  virtual void Stop() = 0;
};

}  // namespace slipway::serve
