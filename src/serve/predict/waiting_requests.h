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
#include "serve/predict/model_queue.h"
#include "serve/predict/predict_task.h"

namespace slipway::serve {

/// Requests that a worker runs now.
struct WaitingBatch {
  std::vector<PredictTask> tasks;  ///< not empty; one, unless its model's configuration says more
  BatchEnd end = BatchEnd::kNotKnown;
  bool is_whole = false;  ///< by configuration: TakePartners() is not for it
};

/// Requests that wait for a worker: one queue a model, served in turn, so that a busy model delays
/// another by one run and not by its queue. A queue that waits for company, as its configuration
/// says, does not have its turn. Bounds are the caller's (DecideAdmission) but for those of a
/// configuration. Keeps ModelCounters::waiting() up to date. Thread-safe.
class WaitingRequests {
 public:
  /// `clock` outlives this. `obeys_rules`: false: batches of configurations are not formed.
  explicit WaitingRequests(const Clock& clock, bool obeys_rules = true)
      : clock_(clock), obeys_rules_(obeys_rules) {}

  /// `task` is untouched if this fails. Unavailable: after Close(); what ModelQueue::Add() says.
  Status Add(PredictTask& task);
  /// Takes no more.
  void Close();
  /// Waits for what may run. nullopt: stop was requested.
  std::optional<WaitingBatch> Next(const std::stop_token& stop);
  /// Takes out requests that may run together with `first`, which was taken before, the oldest
  /// first. `count` says how many requests run together in all, by the rows of those that might:
  /// those of `first`, and of at most kMostPartners with ModelQueue::kMostBytes of inputs.
  static constexpr std::size_t kMostPartners = 63;
  std::vector<PredictTask> TakePartners(
      const PredictTask& first,
      const std::function<std::size_t(std::span<const std::int64_t>)>& count);
  /// How many wait for the model with a lower priority than `level`.
  std::size_t CountBelow(const ServedModel& model, std::uint32_t level);
  /// Waits until a request waits. False: stop was requested.
  bool WaitUntilAny(const std::stop_token& stop);
  /// Takes out those past their deadline, and those that nobody waits for any more.
  std::vector<PredictTask> TakeHopeless(MonotonicTime now);
  std::vector<PredictTask> TakeAll();
  /// Of all requests that wait.
  std::size_t count() const { return count_.load(std::memory_order_relaxed); }
  /// Of all inputs that wait.
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  using Queues = std::map<const ServedModel*, ModelQueue>;
  std::optional<WaitingBatch> TakeRipe(MonotonicTime now, std::chrono::nanoseconds& wait);
  WaitingBatch Leave(ModelQueue::Taken taken, bool is_whole);
  void Left(const PredictTask& task);

  const Clock& clock_;
  const bool obeys_rules_;
  std::mutex mutex_;                       // guards all below but the last two
  std::condition_variable_any added_;      // for those in Next()
  std::condition_variable_any any_waits_;  // for those in WaitUntilAny()
  Queues queues_;                          // none is empty
  std::deque<const ServedModel*> turns_;   // each model of queues_ once; the first is next
  std::uint64_t changes_ = 0;              // a worker in Next() looks again when it grows
  bool is_closed_ = false;
  std::atomic<std::size_t> count_{0};
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace slipway::serve
