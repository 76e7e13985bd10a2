#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/clock.h"
#include "engine/engine.h"
#include "engine/worker/slot_pool.h"
#include "engine/worker/suspect_inputs.h"
#include "engine/worker/worker_words.h"

namespace slipway::engine {

/// A model that has a worker process at any time but for moments: what those who run it share with
/// the thread that keeps the process (WorkerHost). Thread-safe.
class WorkerPost final : public OutsideProcess {
 public:
  WorkerPost(WorkerTask task, const SuspectBounds& suspects)
      : task_(std::move(task)), suspects_(suspects), refused_for_(suspects.age) {}

  const WorkerTask& task() const { return task_; }
  const std::string& title() const { return task_.options.title; }

  // For those who run it.

  /// Until it is loaded for the first time: the signature. What the engine says; InvalidArgument
  /// (kEngineRejectedModel): the process ended meanwhile.
  Result<Signature> AwaitFirst();
  /// The slots of the process there is, or the next one: waits a second for it at most, and not
  /// beyond the deadline (DeadlineExceeded). Unavailable (kEngineWorkerEnded, kEngineQuarantined).
  Result<std::shared_ptr<SlotPool>> AwaitSlots(std::optional<MonotonicTime> deadline);
  std::uint64_t bytes() const override;
  Status condition() const override;
  bool IsSuspect(std::span<const TensorView> inputs) const override;
  SuspectInputs& suspects() { return suspects_; }
  /// SuspectInputs::Accuse(), told by the log where an input is refused from now on.
  void Accuse(std::span<const Checksum> inputs, bool in_trial);
  /// What is said to an input that is refused.
  Status Refusal() const;
  /// Until Leave().
  void AwaitGone();

  // For the host.

  void Started(pid_t process);
  /// False: the model is not what it was before.
  bool Ready(std::shared_ptr<SlotPool> slots, const Signature& signature);
  bool WasReady() const;
  /// The process is gone; the next one is on its way.
  void Ended();
  /// There will be no other, for that reason.
  void Quarantine(Status reason);
  /// It was never ready; the first reason counts.
  void FailFirst(Status reason);
  void Leave();

 private:
  enum class State : std::uint8_t { kLoading, kReady, kQuarantined, kFailed, kGone };

  const WorkerTask task_;
  mutable SuspectInputs suspects_;
  const std::chrono::seconds refused_for_;
  std::atomic<pid_t> process_{0};  // 0: none
  std::atomic<bool> is_quarantined_{false};
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  State state_ = State::kLoading;
  std::shared_ptr<SlotPool> slots_;
  std::optional<Signature> signature_;
  Status reason_;
};

}  // namespace slipway::engine
