#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "engine/worker/hang_judge.h"
#include "engine/worker/slot_codec.h"
#include "engine/worker/slot_memory.h"

namespace slipway::engine {

/// The server's side of one worker's slots: runs take one each, wait for its answer, and are
/// answered themselves whatever the worker does. A run whose deadline passes leaves its slot
/// behind, which is used again when the worker has answered it after all. Thread-safe.
class SlotPool {
 public:
  explicit SlotPool(SlotMemory memory);

  enum class End : std::uint8_t {
    kAnswered,  ///< `status` is the run's own
    kNonsense,  ///< the worker wrote what no worker writes: it must go
    kGone       ///< the worker ended; `status` says how
  };
  struct Outcome {
    End end = End::kAnswered;
    Status status;
  };
  /// Runs once. DeadlineExceeded some milliseconds after the deadline at the latest, and
  /// Unavailable (kQueueFull) where all slots are at work for a second.
  Outcome Run(const RunArguments& run);

  /// The worker is gone: every run ends now, and so does every later one, with that reason.
  void Close(const Status& reason);

  /// What was given to the worker and is not answered, left runs included. Without CPU times.
  std::vector<RunSample> Unanswered(MonotonicTime now) const;
  /// Which thread of the worker has that slot, as the worker says.
  std::uint32_t ThreadOf(std::uint32_t slot) const;
  /// For a worker that sleeps although it has these to do. Its other threads sleep on, so that only
  /// what helps shows in its CPU time.
  void WakeFor(const std::vector<RunSample>& runs) const;

  const SlotMemory& memory() const { return memory_; }

 private:
  /// What the server knows of a slot, whatever the shared memory says.
  struct Slot {
    std::atomic<std::uint32_t> number{0};  // of its last run
    std::atomic<MonotonicTime::rep> began{0};
    std::atomic<MonotonicTime::rep> deadline{0};  // 0: none
  };

  Result<std::uint32_t> Take(std::optional<MonotonicTime> deadline);
  void TakeBackLeft();
  void GiveBack(std::uint32_t slot);
  void LeaveBehind(std::uint32_t slot);
  bool IsAnswered(std::uint32_t slot) const;
  Outcome RunIn(std::uint32_t slot, const RunArguments& run);
  void Begin(std::uint32_t slot, const RunLimits& limits);
  bool Await(std::uint32_t slot, std::optional<MonotonicTime> until) const;
  Status reason() const;

  SlotMemory memory_;
  std::vector<Slot> slots_;
  std::atomic<bool> is_closed_{false};
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable some_free_;
  std::vector<std::uint32_t> free_;  // the last used is used next: its memory is warm
  std::vector<std::uint32_t> left_;
  Status reason_;
};

}  // namespace slipway::engine
