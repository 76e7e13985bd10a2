#include "serve/predict/waiting_requests.h"

#include <algorithm>
#include <utility>

#include "serve/predict/run_task.h"

namespace slipway::serve {
namespace {

// Nothing waits for company: whoever adds a request says so.
constexpr std::chrono::nanoseconds kUntilAdded = std::chrono::hours(1);

}  // namespace

Status WaitingRequests::Add(PredictTask& task) {
  const ModelHandle model = task.request.model;
  const std::uint64_t bytes = task.bound.bytes;
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return ServerEnds();
    const bool has_rules = obeys_rules_ && (*model)->batch_rules.has_value();
    const BatchRules* rules = has_rules ? &*(*model)->batch_rules : nullptr;
    const auto [queue, is_new] = queues_.try_emplace(model.get(), rules);
    // A queue that is there holds something, so that a full one is never new.
    SLIPWAY_RETURN_IF_ERROR(queue->second.Add(task));
    model->counters().waiting().Add(1);
    bytes_.fetch_add(bytes, std::memory_order_relaxed);
    count_.fetch_add(1, std::memory_order_relaxed);
    is_first = turns_.empty();
    if (is_new) turns_.push_back(model.get());
    ++changes_;
  }
  added_.notify_one();
  if (is_first) any_waits_.notify_all();
  return {};
}

void WaitingRequests::Close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
}

std::optional<WaitingBatch> WaitingRequests::Next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    std::chrono::nanoseconds wait = kUntilAdded;
    std::optional<WaitingBatch> batch = TakeRipe(clock_.Now(), wait);
    if (batch.has_value()) return batch;
    added_.wait_for(lock, stop, wait, [this, seen = changes_] { return changes_ != seen; });
  }
  return std::nullopt;
}

/// The batch of the first model in turn that has one; else shortens `wait` to when one will have.
std::optional<WaitingBatch> WaitingRequests::TakeRipe(MonotonicTime now,
                                                      std::chrono::nanoseconds& wait) {
  for (std::size_t left = turns_.size(); left > 0; --left) {
    const ServedModel* model = turns_.front();
    turns_.pop_front();
    const auto queue = queues_.find(model);
    const bool is_whole = queue->second.rules() != nullptr;
    ModelQueue::Taken taken = queue->second.Next(now);
    if (queue->second.IsEmpty()) {
      queues_.erase(queue);
    } else {
      turns_.push_back(model);
    }
    if (!taken.tasks.empty()) return Leave(std::move(taken), is_whole);
    wait = std::min(wait, taken.wait);
  }
  return std::nullopt;
}

WaitingBatch WaitingRequests::Leave(ModelQueue::Taken taken, bool is_whole) {
  for (const PredictTask& task : taken.tasks) Left(task);
  if (std::ranges::any_of(turns_, &ServedModel::AwaitsCompany)) {
    // This worker is busy now: another watches over those that wait for company.
    ++changes_;
    added_.notify_one();
  }
  return {.tasks = std::move(taken.tasks), .end = taken.end, .is_whole = is_whole};
}

std::vector<PredictTask> WaitingRequests::TakePartners(
    const PredictTask& first,
    const std::function<std::size_t(std::span<const std::int64_t>)>& count) {
  const std::lock_guard lock(mutex_);
  const auto queue = queues_.find(first.request.model.get());
  if (queue == queues_.end()) {
    (void)count(std::span(&first.bound.rows, 1));  // nobody else; whoever counts learns from it
    return {};
  }
  std::vector<PredictTask> partners = queue->second.TakePartners(first, kMostPartners, count);
  for (const PredictTask& task : partners) Left(task);
  if (queue->second.IsEmpty()) {
    std::erase(turns_, queue->first);
    queues_.erase(queue);
  }
  return partners;
}

std::size_t WaitingRequests::CountBelow(const ServedModel& model, std::uint32_t level) {
  const std::lock_guard lock(mutex_);
  const auto queue = queues_.find(&model);
  return queue == queues_.end() ? 0 : queue->second.CountBelow(level);
}

bool WaitingRequests::WaitUntilAny(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  any_waits_.wait(lock, stop, [this] { return !turns_.empty(); });
  return !stop.stop_requested();
}

std::vector<PredictTask> WaitingRequests::TakeHopeless(MonotonicTime now) {
  std::vector<PredictTask> hopeless;
  const std::lock_guard lock(mutex_);
  for (auto& [model, queue] : queues_) queue.TakeHopeless(now, hopeless);
  std::erase_if(queues_, [](const auto& row) { return row.second.IsEmpty(); });
  std::erase_if(turns_, [&](const ServedModel* model) { return !queues_.contains(model); });
  for (const PredictTask& task : hopeless) Left(task);
  return hopeless;
}

std::vector<PredictTask> WaitingRequests::TakeAll() {
  std::vector<PredictTask> all;
  const std::lock_guard lock(mutex_);
  for (auto& [model, queue] : queues_) queue.TakeAll(all);
  queues_.clear();
  turns_.clear();
  for (const PredictTask& task : all) Left(task);
  return all;
}

void WaitingRequests::Left(const PredictTask& task) {
  task.request.model->counters().waiting().Add(-1);
  bytes_.fetch_sub(task.bound.bytes, std::memory_order_relaxed);
  count_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace slipway::serve
