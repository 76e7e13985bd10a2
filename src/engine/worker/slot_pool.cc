#include "engine/worker/slot_pool.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error_catalogue.h"
#include "engine/worker/slot_words.h"
#include "engine/worker/suspect_inputs.h"

namespace slipway::engine {

namespace {

using SteadyClock = std::chrono::steady_clock;

// For the engine in the worker, which ends a run at its deadline by itself.
constexpr std::chrono::milliseconds kGrace{10};
constexpr std::chrono::milliseconds kPatience{1000};           // for a slot
constexpr std::chrono::milliseconds kTrialPatience{500};       // with a trial, and for one
constexpr std::chrono::milliseconds kLook{2};                  // at slots that were left
constexpr std::uint64_t kKeptBytes = std::uint64_t{16} << 20;  // of a slot's memory, between runs

Status Late() {
  return DeadlineExceeded("the model's run did not end before the request's deadline");
}

}  // namespace

SlotPool::SlotPool(SlotMemory memory) : memory_(std::move(memory)), slots_(memory_.shape().slots) {
  for (std::uint32_t slot = memory_.shape().slots; slot > 0; --slot) free_.push_back(slot - 1);
}

SlotPool::Outcome SlotPool::Run(const RunArguments& run, bool wants_trial) {
  const Result<std::uint32_t> slot = Take(run.limits.deadline, wants_trial);
  if (slot.ok()) return RunIn(*slot, run);
  return {.status = slot.status()};
}

SlotPool::Outcome SlotPool::RunIn(std::uint32_t slot, const RunArguments& run) {
  const Result<std::uint64_t> used = WriteRequest(run, memory_.head(slot), memory_.region(slot));
  if (!used.ok()) {
    GiveBack(slot);
    return {.status = used.status()};
  }
  Begin(slot, run.limits);
  std::optional<MonotonicTime> until = run.limits.deadline;
  if (until) *until = std::max(*until, SteadyClock::now()) + kGrace;
  if (Await(slot, until)) {
    Answered answered = ReadAnswer(run, memory_.head(slot), memory_.region(slot));
    if (std::max(*used, answered.end) > kKeptBytes) memory_.Trim(slot, kKeptBytes);
    const bool in_trial = answered.is_nonsense && IsTrialAlone(slot);
    GiveBack(slot);
    return {.end = answered.is_nonsense ? End::kNonsense : End::kAnswered,
            .status = std::move(answered.status),
            .in_trial = in_trial};
  }
  if (is_closed_.load())
    return {.end = End::kGone, .status = reason(), .in_trial = IsTrialAlone(slot)};
  LeaveBehind(slot, run);
  return {.end = End::kLate, .status = Late()};
}

void SlotPool::Begin(std::uint32_t slot, const RunLimits& limits) {
  Slot& ours = slots_[slot];
  ours.began.store(SteadyClock::now().time_since_epoch().count(), std::memory_order_relaxed);
  ours.deadline.store(limits.deadline ? limits.deadline->time_since_epoch().count() : 0,
                      std::memory_order_relaxed);
  const std::uint32_t number = ours.number.load(std::memory_order_relaxed) + 1;
  ours.number.store(number, std::memory_order_release);
  SlotWord& run = memory_.head(slot).run;
  run.value.store(number, std::memory_order_release);
  WakeAll(run);
}

/// False: the time is over, or the worker.
bool SlotPool::Await(std::uint32_t slot, std::optional<MonotonicTime> until) const {
  SlotWord& answered = memory_.head(slot).answered;
  const std::uint32_t number = slots_[slot].number.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint32_t seen = answered.value.load(std::memory_order_acquire);
    if (seen == number) return true;
    if (is_closed_.load() || (until && SteadyClock::now() >= *until)) return false;
    SleepOn(answered, seen, until);
  }
}

Result<std::uint32_t> SlotPool::Take(std::optional<MonotonicTime> deadline, bool wants_trial) {
  std::unique_lock lock(mutex_);
  if (is_closed_.load()) return reason_;
  TakeBackLeft();
  const bool waits_for_none = !wants_trial && !trial_ && waiting_trials_ == 0;
  if (waits_for_none && !free_.empty()) return TakeFree();
  if (wants_trial) ++waiting_trials_;
  Result<std::uint32_t> slot = AwaitFree(lock, deadline, wants_trial);
  if (wants_trial) --waiting_trials_;
  return slot;
}

Result<std::uint32_t> SlotPool::AwaitFree(std::unique_lock<std::mutex>& lock,
                                          std::optional<MonotonicTime> deadline, bool wants_trial) {
  const MonotonicTime began = SteadyClock::now();
  const MonotonicTime until = std::min(began + kPatience, deadline.value_or(MonotonicTime::max()));
  for (MonotonicTime now = began;; now = SteadyClock::now()) {
    if (is_closed_.load()) return reason_;
    TakeBackLeft();
    if (wants_trial && free_.size() == slots_.size()) {
      trial_ = Trial{.slot = free_.back()};
      free_.pop_back();
      return trial_->slot;
    }
    const bool has_trials = wants_trial || trial_ || waiting_trials_ > 0;
    if (!free_.empty() && (!has_trials || now >= began + kTrialPatience)) return TakeFree();
    if (now >= until) break;
    some_free_.wait_for(lock, kLook);
  }
  if (deadline && SteadyClock::now() >= *deadline) return Late();
  return Unavailable("the model's process has as many runs to do as it takes at a time")
      .With(errors::kQueueFull);
}

std::uint32_t SlotPool::TakeFree() {
  if (trial_) trial_->is_joined = true;
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  return slot;
}

void SlotPool::TakeBackLeft() {
  std::erase_if(left_, [&](const Left& left) {
    if (!IsAnswered(left.slot)) return false;
    memory_.Trim(left.slot, kKeptBytes);
    Free(left.slot);
    return true;
  });
}

void SlotPool::Free(std::uint32_t slot) {
  free_.push_back(slot);
  if (trial_ && trial_->slot == slot) trial_.reset();
}

bool SlotPool::IsAnswered(std::uint32_t slot) const {
  return memory_.head(slot).answered.value.load(std::memory_order_acquire) ==
         slots_[slot].number.load(std::memory_order_acquire);
}

void SlotPool::GiveBack(std::uint32_t slot) {
  {
    const std::lock_guard lock(mutex_);
    Free(slot);
  }
  some_free_.notify_one();
}

void SlotPool::LeaveBehind(std::uint32_t slot, const RunArguments& run) {
  Left left{.slot = slot,
            .run = {.inputs = FingerprintsOf(run.inputs, run.limits.rows_of_requests)}};
  const std::lock_guard lock(mutex_);
  left.run.in_trial = trial_ && trial_->slot == slot;
  left_.push_back(std::move(left));
}

bool SlotPool::IsTrialAlone(std::uint32_t slot) const {
  const std::lock_guard lock(mutex_);
  return trial_ && trial_->slot == slot && !trial_->is_joined;
}

std::vector<SlotPool::LeftRun> SlotPool::Close(const Status& reason) {
  std::vector<LeftRun> left;
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_.load()) return left;
    for (Left& each : std::exchange(left_, {})) {
      if (!IsAnswered(each.slot)) left.push_back(std::move(each.run));
    }
    reason_ = reason;
    is_closed_.store(true);
  }
  some_free_.notify_all();
  // Nobody else writes any more. Whoever is about to sleep on the word sees another one.
  constexpr std::uint32_t kFarAway = std::uint32_t{1} << 31;
  for (std::uint32_t slot = 0; slot < memory_.shape().slots; ++slot) {
    SlotWord& answered = memory_.head(slot).answered;
    answered.value.fetch_add(kFarAway);
    WakeAll(answered);
  }
  return left;
}

Status SlotPool::reason() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

std::vector<RunSample> SlotPool::Unanswered(MonotonicTime now) const {
  std::vector<RunSample> runs;
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (IsAnswered(slot)) continue;
    const Slot& ours = slots_[slot];
    const MonotonicTime began{MonotonicTime::duration(ours.began.load(std::memory_order_relaxed))};
    const MonotonicTime::rep deadline = ours.deadline.load(std::memory_order_relaxed);
    RunSample run{
        .slot = slot, .number = ours.number.load(std::memory_order_relaxed), .age = now - began};
    if (deadline != 0) run.overdue = now - MonotonicTime(MonotonicTime::duration(deadline));
    runs.push_back(run);
  }
  return runs;
}

std::uint32_t SlotPool::ThreadOf(std::uint32_t slot) const {
  return memory_.head(slot).thread.value.load(std::memory_order_relaxed);
}

void SlotPool::WakeFor(const std::vector<RunSample>& runs) const {
  for (const RunSample& run : runs) WakeAll(memory_.head(run.slot).run);
}

}  // namespace slipway::engine
