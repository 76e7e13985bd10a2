#include "engine/worker/slot_pool.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error_catalogue.h"
#include "engine/worker/slot_words.h"

namespace slipway::engine {

namespace {

using SteadyClock = std::chrono::steady_clock;

// For the engine in the worker, which ends a run at its deadline by itself.
constexpr std::chrono::milliseconds kGrace{10};
constexpr std::chrono::milliseconds kPatience{1000};           // for a slot
constexpr std::chrono::milliseconds kLook{2};                  // at slots that were left
constexpr std::uint64_t kKeptBytes = std::uint64_t{16} << 20;  // of a slot's memory, between runs

Status Late() {
  return DeadlineExceeded("the model's run did not end before the request's deadline");
}

}  // namespace

SlotPool::SlotPool(SlotMemory memory) : memory_(std::move(memory)), slots_(memory_.shape().slots) {
  for (std::uint32_t slot = memory_.shape().slots; slot > 0; --slot) free_.push_back(slot - 1);
}

SlotPool::Outcome SlotPool::Run(const RunArguments& run) {
  const Result<std::uint32_t> slot = Take(run.limits.deadline);
  if (slot.ok()) return RunIn(*slot, run);
  return {.end = is_closed_.load() ? End::kGone : End::kAnswered, .status = slot.status()};
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
    GiveBack(slot);
    return {.end = answered.is_nonsense ? End::kNonsense : End::kAnswered,
            .status = std::move(answered.status)};
  }
  if (is_closed_.load()) return {.end = End::kGone, .status = reason()};
  LeaveBehind(slot);
  return {.status = Late()};
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

Result<std::uint32_t> SlotPool::Take(std::optional<MonotonicTime> deadline) {
  std::unique_lock lock(mutex_);
  const MonotonicTime until = free_.empty() ? std::min(SteadyClock::now() + kPatience,
                                                       deadline.value_or(MonotonicTime::max()))
                                            : MonotonicTime::min();
  for (;;) {
    if (is_closed_.load()) return reason_;
    TakeBackLeft();
    if (!free_.empty()) {
      const std::uint32_t slot = free_.back();
      free_.pop_back();
      return slot;
    }
    if (SteadyClock::now() >= until) break;
    some_free_.wait_for(lock, kLook);
  }
  if (deadline && SteadyClock::now() >= *deadline) return Late();
  return Unavailable("the model's process has as many runs to do as it takes at a time")
      .With(errors::kQueueFull);
}

void SlotPool::TakeBackLeft() {
  std::erase_if(left_, [&](std::uint32_t slot) {
    if (!IsAnswered(slot)) return false;
    memory_.Trim(slot, kKeptBytes);
    free_.push_back(slot);
    return true;
  });
}

bool SlotPool::IsAnswered(std::uint32_t slot) const {
  return memory_.head(slot).answered.value.load(std::memory_order_acquire) ==
         slots_[slot].number.load(std::memory_order_acquire);
}

void SlotPool::GiveBack(std::uint32_t slot) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(slot);
  }
  some_free_.notify_one();
}

void SlotPool::LeaveBehind(std::uint32_t slot) {
  const std::lock_guard lock(mutex_);
  left_.push_back(slot);
}

void SlotPool::Close(const Status& reason) {
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_.load()) return;
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
