#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "serve/batch/batch_policy.h"
#include "serve/model/model_set.h"
#include "serve/predict/sequence_step.h"
#include "telemetry/trace_context.h"
#include "tensor/tensor.h"

namespace slipway::serve {

struct InferInput {
  std::string_view name;
  TensorView tensor;
};

/// One inference, whatever protocol it came by. The views stay valid until the completion has run:
/// `keeper` holds what they point into, and is held until then.
struct InferRequest {
  ModelHandle model;
  std::vector<InferInput> inputs;         ///< any order
  std::vector<std::string_view> outputs;  ///< empty: all, in the model's order
  std::optional<MonotonicTime> deadline;
  std::uint64_t priority = 0;  ///< 1 is the highest; 0: the model's default. See PriorityLevel()
  SequenceStep sequence;       ///< without meaning for a model that keeps none
  std::shared_ptr<const void> keeper;
  std::function<bool()> abandoned;  ///< true: nobody waits any more; may be null
  /// What requests to other servers that it causes say of its trace; asked once; may be null.
  std::function<telemetry::TraceHeaders()> trace = {};
  /// Number of the event loop on whose thread this call is made and FinishRound() will be. Absent:
  /// a quick model runs at once.
  std::optional<unsigned> loop;
  bool only_on_worker = false;  ///< true: never runs on the calling thread, however quick
};

struct StageTimes {
  std::chrono::nanoseconds queue{0};
  std::chrono::nanoseconds batch{0};  ///< checks, joining it with others, memory for outputs
  std::chrono::nanoseconds compute{0};
};

/// The run that answered a request.
struct RunFacts {
  std::int64_t rows = 0;                     ///< of all requests that shared it
  BatchEnd batch_end = BatchEnd::kNotKnown;  ///< why no more requests shared it
  std::uint32_t priority = 0;                ///< PriorityLevel() that the request had
  bool is_cached = false;                    ///< there was none: it was answered before
};

struct InferResponse {
  ModelHandle model;
  std::vector<std::pair<const TensorSpec*, TensorBuffer>>
      outputs;  ///< as asked for; specs belong to `model`
  StageTimes times;
  RunFacts run;
};

/// Runs on the calling thread or on a worker, exactly once.
using InferCompletion = std::function<void(Result<InferResponse>)>;

struct PredictorOptions {
  unsigned workers = 1;     ///< threads that run models too slow for an event loop
  unsigned loops = 0;       ///< event loops that collect requests, numbered from 0
  bool shares_runs = true;  ///< false: a request that waits for a worker runs alone
  std::chrono::microseconds inline_below{
      1000};                     ///< t(1) under which a model runs on the calling thread
  std::size_t max_queued = 256;  ///< per model; beyond: Unavailable (kQueueFull)
  std::uint64_t max_queued_bytes = std::uint64_t{1}
                                   << 30;  ///< inputs that wait, of all models; beyond: the same
  std::chrono::milliseconds default_deadline{30'000};  ///< of a request without one
  std::uint64_t max_run_bytes = 0;  ///< memory of one run, kRunMemory beyond; 0: any
};

/// The one use case of serving: checks a request against the model's signature, runs it on the
/// caller's thread (models under `inline_below` while nothing waits) or hands it to a worker, and
/// counts. What comes in one round of an event loop for a quick model shares runs where the model's
/// profile says that it pays; nobody is waited for. Thread-safe.
class Predictor {
 public:
  /// `clock` outlives this.
  static std::unique_ptr<Predictor> Create(const PredictorOptions& options, const Clock& clock);
  virtual ~Predictor() = default;

  /// Takes both arguments. InvalidArgument: unknown, missing or repeated tensor names (near names
  /// offered), CheckTensor() failures. DeadlineExceeded: expired before or while it ran.
  /// Unavailable (kQueueFull): too many wait already, or those before it take longer than its
  /// deadline allows. Cancelled: abandoned before it ran. Else what Executable::Run() says.
  virtual void Predict(InferRequest&& request, InferCompletion&& done) = 0;

  /// Whether Predict() would refuse a request for this model as Unavailable now: for whoever has
  /// its head, and would have to read its body. `patience`: until its deadline; absent: that of a
  /// request without one. A refusal counts as one.
  virtual Status Foresee(const ServedModel& /*model*/,
                         std::optional<std::chrono::nanoseconds> /*patience*/) {
    return {};
  }

  /// Runs what Predict() put off in this round, on this thread: that of the loop. Returns how long
  /// the loop shall rest for what was refused in it: a flood of refusals must not take the cores
  /// from the workers, who give way to loops. `rejected`: how many requests were refused by their
  /// heads, which never came here; the loop rests for them while others wait for a worker.
  virtual std::chrono::nanoseconds FinishRound(unsigned loop, unsigned rejected) = 0;

  /// Ends the workers, after the runs that they are at; what still waits, and what would wait from
  /// now on, completes as Unavailable. The destructor does it too.
  virtual void Stop() = 0;
};

}  // namespace slipway::serve
