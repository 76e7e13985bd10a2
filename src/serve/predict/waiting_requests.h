#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

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
};

/// Requests that wait for a worker: one queue a model, served in turn, so that a busy model delays
/// another by one run and not by its queue. Bounds are the caller's (DecideAdmission). Keeps
/// ModelCounters::waiting() up to date. Thread-safe.
class WaitingRequests {
 public:
  /// False, and `task` untouched, after Close().
  bool Add(PredictTask& task);
  /// Takes no more.
  void Close();
  /// Waits for the next request. nullopt: stop was requested.
  std::optional<PredictTask> Next(const std::stop_token& stop);
  /// Takes out requests that may run together with `first`, which was taken before, the oldest
  /// first. `count` says how many requests run together in all, by the rows of those that might:
  /// those of `first`, and of at most kMostPartners with kMostPartnerBytes of inputs.
  static constexpr std::size_t kMostPartners = 63;
  static constexpr std::uint64_t kMostPartnerBytes = 64 << 20;
  std::vector<PredictTask> TakePartners(
      const PredictTask& first,
      const std::function<std::size_t(std::span<const std::int64_t>)>& count);
  /// Waits until a request waits. False: stop was requested.
  bool WaitUntilAny(const std::stop_token& stop);
  /// Takes out those past their deadline, and those that nobody waits for any more.
  std::vector<PredictTask> TakeHopeless(MonotonicTime now);
  std::vector<PredictTask> TakeAll();
  /// Of all inputs that wait.
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  using Queue = std::deque<PredictTask>;
  using Queues = std::map<const ServedModel*, Queue>;
  void DropIfEmpty(Queues::iterator queue);
  void Left(const PredictTask& task);

  std::mutex mutex_;                       // guards all below but bytes_
  std::condition_variable_any added_;      // for those in Next()
  std::condition_variable_any any_waits_;  // for those in WaitUntilAny()
  Queues queues_;                          // none is empty
  std::deque<const ServedModel*> turns_;   // each model of queues_ once; the first is next
  bool is_closed_ = false;
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace slipway::serve
