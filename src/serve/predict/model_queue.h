#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "serve/batch/batch_rules.h"
#include "serve/predict/predict_task.h"

namespace slipway::serve {

/// Requests that wait for one model: by priority level, in each those in time before those that
/// have expired and yield, each in the order of arrival. Not thread-safe.
class ModelQueue {
 public:
  /// A batch that is to run, or how long none is.
  struct Taken {
    std::vector<PredictTask> tasks;  ///< empty: none yet
    BatchEnd end = BatchEnd::kNotKnown;
    std::chrono::nanoseconds wait{0};
  };

  /// What runs together at most, beside max_rows.
  static constexpr std::uint64_t kMostBytes = 64 << 20;

  /// `rules`: nullptr: one by one, and TakePartners() adds to it; else outlives this.
  explicit ModelQueue(const BatchRules* rules = nullptr) : rules_(rules) {}

  bool IsEmpty() const { return size_ == 0; }
  const BatchRules* rules() const { return rules_; }
  /// Unavailable (kQueueFull), and `task` untouched: its level holds what its policy allows.
  Status Add(PredictTask& task);
  /// What runs now. Costs a look at each request of the batch. Precondition: not empty.
  Taken Next(MonotonicTime now);
  /// WaitingRequests::TakePartners() of this queue. Precondition: no rules.
  std::vector<PredictTask> TakePartners(
      const PredictTask& first, std::size_t most,
      const std::function<std::size_t(std::span<const std::int64_t>)>& count);
  /// How many are served after those of `level`.
  std::size_t CountBelow(std::uint32_t level) const;
  /// Moves those that are not worth running to the end of `hopeless`.
  void TakeHopeless(MonotonicTime now, std::vector<PredictTask>& hopeless);
  void TakeAll(std::vector<PredictTask>& all);

 private:
  using Line = std::deque<PredictTask>;
  struct Level {
    Line in_time;
    Line late;
  };
  struct Front;

  void MoveLate(MonotonicTime now);
  Front LookAtFront() const;
  std::vector<PredictTask> PopFront(std::size_t count);

  const BatchRules* rules_;
  std::map<std::uint32_t, Level> levels_;
  std::size_t size_ = 0;
};

}  // namespace slipway::serve
