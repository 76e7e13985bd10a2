#include "serve/predict/waiting_requests.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "serve/predict/run_together.h"

namespace slipway::serve {

bool WaitingRequests::Add(PredictTask& task) {
  const ServedModel* model = task.request.model.get();
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return false;
    model->counters().waiting().Add(1);
    bytes_.fetch_add(task.bound.bytes, std::memory_order_relaxed);
    is_first = turns_.empty();
    Queue& queue = queues_[model];
    if (queue.empty()) turns_.push_back(model);
    queue.push_back(std::move(task));
  }
  added_.notify_one();
  if (is_first) any_waits_.notify_all();
  return true;
}

void WaitingRequests::Close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
}

std::optional<PredictTask> WaitingRequests::Next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  added_.wait(lock, stop, [this] { return !turns_.empty(); });
  if (stop.stop_requested()) return std::nullopt;
  const ServedModel* model = turns_.front();
  turns_.pop_front();
  const auto queue = queues_.find(model);
  PredictTask task = std::move(queue->second.front());
  queue->second.pop_front();
  if (queue->second.empty()) {
    queues_.erase(queue);
  } else {
    turns_.push_back(model);
  }
  Left(task);
  return task;
}

std::vector<PredictTask> WaitingRequests::TakePartners(
    const PredictTask& first,
    const std::function<std::size_t(std::span<const std::int64_t>)>& count) {
  const std::lock_guard lock(mutex_);
  const auto queue = queues_.find(first.request.model.get());
  std::vector<std::size_t> places;
  std::vector<std::int64_t> rows{first.bound.rows};
  if (queue != queues_.end()) {
    const Queue& waiting = queue->second;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < waiting.size() && places.size() < kMostPartners; ++i) {
      if (!MayRunTogether(first, waiting[i])) continue;
      bytes += waiting[i].bound.bytes;
      if (bytes > kMostPartnerBytes) break;
      places.push_back(i);
      rows.push_back(waiting[i].bound.rows);
    }
  }
  places.resize(count(rows) - 1);
  std::vector<PredictTask> partners;
  for (const std::size_t place : places) {
    Left(queue->second[place]);
    partners.push_back(std::move(queue->second[place]));
  }
  std::ranges::for_each(places.rbegin(), places.rend(), [&](std::size_t place) {
    queue->second.erase(queue->second.begin() + static_cast<std::ptrdiff_t>(place));
  });
  if (!places.empty()) DropIfEmpty(queue);
  return partners;
}

void WaitingRequests::DropIfEmpty(Queues::iterator queue) {
  if (!queue->second.empty()) return;
  std::erase(turns_, queue->first);
  queues_.erase(queue);
}

bool WaitingRequests::WaitUntilAny(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  any_waits_.wait(lock, stop, [this] { return !turns_.empty(); });
  return !stop.stop_requested();
}

std::vector<PredictTask> WaitingRequests::TakeHopeless(MonotonicTime now) {
  std::vector<PredictTask> hopeless;
  const std::lock_guard lock(mutex_);
  for (auto& [model, queue] : queues_) {
    const auto rest = std::stable_partition(queue.begin(), queue.end(), [&](const auto& task) {
      return now < task.deadline && !(task.request.abandoned && task.request.abandoned());
    });
    std::move(rest, queue.end(), std::back_inserter(hopeless));
    queue.erase(rest, queue.end());
  }
  std::erase_if(queues_, [](const auto& row) { return row.second.empty(); });
  std::erase_if(turns_, [&](const ServedModel* model) { return !queues_.contains(model); });
  for (const PredictTask& task : hopeless) Left(task);
  return hopeless;
}

std::vector<PredictTask> WaitingRequests::TakeAll() {
  std::vector<PredictTask> all;
  const std::lock_guard lock(mutex_);
  for (auto& [model, queue] : std::exchange(queues_, {}))
    std::move(queue.begin(), queue.end(), std::back_inserter(all));
  turns_.clear();
  for (const PredictTask& task : all) Left(task);
  return all;
}

void WaitingRequests::Left(const PredictTask& task) {
  task.request.model->counters().waiting().Add(-1);
  bytes_.fetch_sub(task.bound.bytes, std::memory_order_relaxed);
}

}  // namespace slipway::serve
