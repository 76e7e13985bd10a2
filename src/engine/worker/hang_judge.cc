#include "engine/worker/hang_judge.h"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::engine {

namespace {

// Of a worker's stillness, in samples: by then it has had the time to wake by itself.
constexpr int kWakeAt = 4;

double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

bool HangJudge::IsWorthALook(const std::vector<RunSample>& runs,
                             std::chrono::nanoseconds interval) {
  return std::ranges::any_of(runs, [&](const RunSample& run) { return run.age >= interval; });
}

Judgement HangJudge::Next(const WorkerSample& sample) {
  const bool is_beyond = PassesBounds(sample);
  const Judgement judgement = is_beyond ? Judgement::kHung : JudgeStillness(sample);
  before_ = sample;
  return judgement;
}

/// Nothing happened since the sample before, and some run stands as it stood.
bool HangJudge::HasStood(const WorkerSample& sample) const {
  if (!before_ || !sample.is_asleep || !before_->is_asleep || sample.cpu_time != before_->cpu_time)
    return false;
  return std::ranges::any_of(sample.runs, [&](const RunSample& run) {
    return std::ranges::any_of(before_->runs, [&](const RunSample& other) {
      return other.slot == run.slot && other.number == run.number;
    });
  });
}

Judgement HangJudge::JudgeStillness(const WorkerSample& sample) {
  if (!HasStood(sample)) {
    still_ = 0;
    return Judgement::kWell;
  }
  if (++still_ == 1) still_since_ = before_->at;
  const std::chrono::nanoseconds still_for = sample.at - still_since_;
  if (still_ == kWakeAt) return Judgement::kWake;
  if (still_ < bounds_.still_samples || still_for < bounds_.still_time) return Judgement::kWell;
  reason_ = fmt::format("did nothing for {:.1f} s with a request to answer", Seconds(still_for));
  return Judgement::kHung;
}

bool HangJudge::PassesBounds(const WorkerSample& sample) {
  std::map<Run, std::chrono::nanoseconds> overdue_cpu;
  for (const RunSample& run : sample.runs) {
    if (run.overdue.value_or(run.age) > bounds_.longest_run) {
      reason_ =
          fmt::format("took longer than {:.0f} s for a request", Seconds(bounds_.longest_run));
      return true;
    }
    if (run.overdue.value_or(std::chrono::nanoseconds(-1)).count() < 0) continue;
    const Run key(run.slot, run.number);
    const auto seen = overdue_cpu_.find(key);
    const auto began = seen == overdue_cpu_.end() ? run.cpu_time : seen->second;
    if (run.cpu_time - began > bounds_.overdue_cpu) {
      reason_ = fmt::format("worked on for {:.1f} s at a request whose deadline had passed",
                            Seconds(run.cpu_time - began));
      return true;
    }
    overdue_cpu.emplace(key, began);
  }
  overdue_cpu_ = std::move(overdue_cpu);
  return false;
}

}  // namespace slipway::engine
