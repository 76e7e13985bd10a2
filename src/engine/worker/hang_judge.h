#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace slipway::engine {

/// A run that was given to a worker and is not answered, as it stands when somebody looks.
struct RunSample {
  std::uint32_t slot = 0;
  std::uint32_t number = 0;  ///< of the runs of this slot
  std::chrono::nanoseconds age{0};
  /// Since its deadline, negative before; absent: it has none.
  std::optional<std::chrono::nanoseconds> overdue;
  std::chrono::nanoseconds cpu_time{0};  ///< of the thread that has this slot, since ever
};

/// A worker that has such runs, as it stands when somebody looks.
struct WorkerSample {
  std::chrono::nanoseconds at{0};        ///< of any clock that only goes on
  std::chrono::nanoseconds cpu_time{0};  ///< of all its threads, since ever
  bool is_asleep = false;  ///< no thread runs, or would if it got a core, or waits for
                           ///< a disk
  std::vector<RunSample> runs;
};

struct HangBounds {
  /// A sleeping worker with a run to do is looked at so often, for so long, before it is hung.
  int still_samples = 10;
  std::chrono::milliseconds still_time{1000};
  /// What a run may use of a core after its deadline, by which its engine should have ended it.
  std::chrono::milliseconds overdue_cpu{1000};
  /// How long a run may take that has no deadline, or after its deadline on a busy machine.
  std::chrono::milliseconds longest_run{60'000};
};

enum class Judgement : std::uint8_t {
  kWell,
  kWake,  ///< wake it, in case that a call was lost
  kHung
};

/// Whether a worker hangs: a function of samples, some tenths of a second apart. A worker that does
/// not get a core is never hung by sleeping, since its threads do not sleep; nor is one that works,
/// while its runs are within their bounds. Not thread-safe.
class HangJudge {
 public:
  explicit HangJudge(const HangBounds& bounds) : bounds_(bounds) {}

  /// Whether threads need to be looked at: a run is not answered since the sample before.
  static bool IsWorthALook(const std::vector<RunSample>& runs, std::chrono::nanoseconds interval);
  Judgement Next(const WorkerSample& sample);
  const std::string& reason() const { return reason_; }  ///< of kHung: "did nothing for 1 s"

 private:
  using Run = std::pair<std::uint32_t, std::uint32_t>;  // slot, number

  bool HasStood(const WorkerSample& sample) const;
  Judgement JudgeStillness(const WorkerSample& sample);
  bool PassesBounds(const WorkerSample& sample);

  const HangBounds bounds_;
  std::map<Run, std::chrono::nanoseconds> overdue_cpu_;  // its thread's, when it was seen overdue
  std::optional<WorkerSample> before_;
  int still_ = 0;  // samples in a row
  std::chrono::nanoseconds still_since_{0};
  std::string reason_;
};

}  // namespace slipway::engine
