#include "engine/worker/worker_post.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::engine {

namespace {

constexpr std::chrono::milliseconds kPatience{1000};  // for the next process

}  // namespace

Result<Signature> WorkerPost::AwaitFirst() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return signature_.has_value() || state_ != State::kLoading; });
  if (signature_) return *signature_;
  return reason_.ok() ? Cancelled("the server ends") : reason_;
}

Result<std::shared_ptr<SlotPool>> WorkerPost::AwaitSlots(std::optional<MonotonicTime> deadline) {
  std::unique_lock lock(mutex_);
  if (state_ == State::kLoading) {
    const MonotonicTime until = std::min(std::chrono::steady_clock::now() + kPatience,
                                         deadline.value_or(MonotonicTime::max()));
    changed_.wait_until(lock, until, [&] { return state_ != State::kLoading; });
  }
  switch (state_) {
    case State::kReady:
      return slots_;
    case State::kLoading:
      if (deadline && std::chrono::steady_clock::now() >= *deadline)
        return DeadlineExceeded("the model's next process was not ready before the deadline");
      return Unavailable("the model's process ended, and the next one is not ready yet")
          .With(errors::kEngineWorkerEnded)
          .Hint("try again");
    default:
      return reason_.ok() ? Unavailable("the model's process is gone") : reason_;
  }
}

std::uint64_t WorkerPost::bytes() const {
  constexpr std::size_t kMaxStatmBytes = 256;
  const pid_t process = process_.load();
  if (process <= 0) return 0;
  const Result<std::string> text = ReadFile(fmt::format("/proc/{}/statm", process), kMaxStatmBytes);
  if (!text.ok()) return 0;
  const std::vector<std::string_view> fields = Split(*text, ' ');  // total, resident, shared, ...
  if (fields.size() < 3) return 0;
  const std::uint64_t resident = ParseUint64(fields[1]).value_or(0);
  const std::uint64_t shared = ParseUint64(fields[2]).value_or(0);
  return (resident - std::min(shared, resident)) *
         static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

Status WorkerPost::condition() const {
  if (!is_quarantined_.load(std::memory_order_relaxed)) return {};
  const std::lock_guard lock(mutex_);
  return reason_;
}

bool WorkerPost::IsSuspect(std::span<const TensorView> inputs) const {
  if (suspects_.IsEmpty()) return false;
  return suspects_.Of(FingerprintsOf(inputs, {}), std::chrono::steady_clock::now()) !=
         SuspectInputs::Record::kClear;
}

void WorkerPost::Accuse(std::span<const Checksum> inputs, bool in_trial) {
  if (!suspects_.Accuse(inputs, in_trial, std::chrono::steady_clock::now())) return;
  Log(LogLevel::kWarning,
      "model {}: an input ended its process twice, and is refused for {} s (fingerprint {})",
      title(), refused_for_.count(), inputs.front().Hex());
}

Status WorkerPost::Refusal() const {
  return InvalidArgument(
             fmt::format("this input ended the model's process twice and is not run again; it is "
                         "refused for {} s",
                         refused_for_.count()))
      .With(errors::kInputEndsWorker)
      .Hint("send another input; slipway load tries this one once more");
}

void WorkerPost::AwaitGone() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return state_ == State::kGone; });
}

void WorkerPost::Started(pid_t process) { process_.store(process); }

bool WorkerPost::Ready(std::shared_ptr<SlotPool> slots, const Signature& signature) {
  {
    const std::lock_guard lock(mutex_);
    if (signature_ && *signature_ != signature) return false;
    signature_ = signature;
    slots_ = std::move(slots);
    state_ = State::kReady;
  }
  changed_.notify_all();
  return true;
}

bool WorkerPost::WasReady() const {
  const std::lock_guard lock(mutex_);
  return signature_.has_value();
}

void WorkerPost::Ended() {
  process_.store(0);
  const std::lock_guard lock(mutex_);
  slots_.reset();
  if (state_ == State::kReady) state_ = State::kLoading;
}

void WorkerPost::Quarantine(Status reason) {
  {
    const std::lock_guard lock(mutex_);
    reason_ = std::move(reason);
    state_ = State::kQuarantined;
    is_quarantined_.store(true);
  }
  changed_.notify_all();
}

void WorkerPost::FailFirst(Status reason) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::kLoading) return;
    reason_ = std::move(reason);
    state_ = State::kFailed;
  }
  changed_.notify_all();
}

void WorkerPost::Leave() {
  process_.store(0);
  {
    const std::lock_guard lock(mutex_);
    state_ = State::kGone;
    slots_.reset();
  }
  changed_.notify_all();
}

}  // namespace slipway::engine
