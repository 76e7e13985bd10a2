#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "base/checksum.h"
#include "base/clock.h"
#include "engine/worker/hang_judge.h"
#include "engine/worker/slot_codec.h"
#include "engine/worker/slot_memory.h"

namespace slipway::engine {

/// The server's side of one worker's slots: runs take one each, wait for its answer, and are
/// answered themselves whatever the worker does. A run whose deadline passes leaves its slot
/// behind, which is used again when the worker has answered it after all. A run may be a trial: it
/// begins when no other is at work, and those that come meanwhile wait half a second for its end
/// before they run beside it. Thread-safe.
class SlotPool {
 public:
  explicit SlotPool(SlotMemory memory);

  enum class End : std::uint8_t {
    kNotBegun,  ///< the worker has not seen the run
    kAnswered,  ///< `status` is the run's own
    kLate,      ///< it goes on, as far as is known
    kNonsense,  ///< the worker wrote what no worker writes: it must go
    kGone       ///< the worker ended with this run in it; `status` says how
  };
  struct Outcome {
    End end = End::kNotBegun;
    Status status;
    bool in_trial = false;  ///< kNonsense, kGone: nothing was beside it
  };
  /// Runs once. DeadlineExceeded some milliseconds after the deadline at the latest, and
  /// Unavailable (kQueueFull) where all slots are at work for a second. `wants_trial`: as a trial,
  /// unless others are at work for half a second.
  Outcome Run(const RunArguments& run, bool wants_trial = false);

  /// A run that was late, and not answered when the worker ended.
  struct LeftRun {
    std::vector<Checksum> inputs;  ///< FingerprintsOf()
    bool in_trial = false;         ///< others may have come after its deadline
  };
  /// The worker is gone: every run ends now, and so does every later one, with that reason. Those
  /// that nobody waits for any more are the answer; once.
  std::vector<LeftRun> Close(const Status& reason);

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

  struct Left {
    std::uint32_t slot = 0;
    LeftRun run;
  };
  struct Trial {
    std::uint32_t slot = 0;
    bool is_joined = false;  ///< another run has begun since
  };

  Result<std::uint32_t> Take(std::optional<MonotonicTime> deadline, bool wants_trial);
  Result<std::uint32_t> AwaitFree(std::unique_lock<std::mutex>& lock,
                                  std::optional<MonotonicTime> deadline, bool wants_trial);
  std::uint32_t TakeFree();
  void TakeBackLeft();
  void Free(std::uint32_t slot);
  void GiveBack(std::uint32_t slot);
  void LeaveBehind(std::uint32_t slot, const RunArguments& run);
  bool IsTrialAlone(std::uint32_t slot) const;
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
  std::vector<Left> left_;
  std::optional<Trial> trial_;
  unsigned waiting_trials_ = 0;
  Status reason_;
};

}  // namespace slipway::engine
