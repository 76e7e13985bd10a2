#include "serve/predict/model_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error_catalogue.h"
#include "serve/predict/run_task.h"
#include "serve/predict/run_together.h"

namespace slipway::serve {

/// The requests that NextBatch() looks at.
struct ModelQueue::Front {
  std::vector<std::int64_t> rows;
  std::int64_t total_rows = 0;
  std::uint64_t bytes = 0;
  const PredictTask* first = nullptr;
  bool is_cut = false;
  MonotonicTime oldest = MonotonicTime::max();
  MonotonicTime must_start = MonotonicTime::max();

  /// False: the walk ends before this one.
  bool Take(const PredictTask& task, const BatchRules& rules) {
    if (first == nullptr) first = &task;
    if (&task != first) {
      if (total_rows >= rules.max_rows) return false;
      is_cut = !MayRunTogether(*first, task) || bytes + task.bound.bytes > kMostBytes;
      if (is_cut) return false;
    }
    // A request without rows counts as one: it takes a place.
    rows.push_back(std::max<std::int64_t>(task.bound.rows, 1));
    total_rows += std::min(rows.back(), rules.max_rows);
    bytes += task.bound.bytes;
    oldest = std::min(oldest, task.checked);
    const MonotonicTime latest =
        task.yields_when_expired ? task.deadline : std::min(task.deadline, task.expires);
    must_start = std::min<MonotonicTime>(must_start, latest - (*task.request.model)->run_time);
    return true;
  }
};

Status ModelQueue::Add(PredictTask& task) {
  Level& level = levels_[task.level];
  const ServedModel& model = *task.request.model;
  const std::uint32_t most = PolicyOf(model->config, task.level).max_queue_size;
  if (most > 0 && level.in_time.size() + level.late.size() >= most) {
    return Unavailable(
               fmt::format("{} requests{} wait for model \"{}\" already, its max_queue_size", most,
                           task.level > 0 ? fmt::format(" of priority {}", task.level) : "",
                           model->name))
        .With(errors::kQueueFull);
  }
  level.in_time.push_back(std::move(task));
  ++size_;
  return {};
}

ModelQueue::Taken ModelQueue::Next(MonotonicTime now) {
  MoveLate(now);
  if (rules_ == nullptr) return {.tasks = PopFront(1)};
  const Front front = LookAtFront();
  const RuledDecision decision = NextBatch({.rows = front.rows,
                                            .is_cut = front.is_cut,
                                            .waited = now - front.oldest,
                                            .patience = front.must_start - now},
                                           *rules_);
  if (decision.requests == 0) return {.wait = decision.wait};
  return {.tasks = PopFront(decision.requests), .end = decision.end};
}

// A level has one policy, so those that expire are its first.
void ModelQueue::MoveLate(MonotonicTime now) {
  for (auto& [number, level] : levels_) {
    while (!level.in_time.empty() && level.in_time.front().yields_when_expired &&
           level.in_time.front().expires <= now) {
      level.late.push_back(std::move(level.in_time.front()));
      level.in_time.pop_front();
    }
  }
}

ModelQueue::Front ModelQueue::LookAtFront() const {
  Front front;
  for (const auto& [number, level] : levels_) {
    for (const Line* line : {&level.in_time, &level.late}) {
      for (const PredictTask& task : *line) {
        if (!front.Take(task, *rules_)) return front;
      }
    }
  }
  return front;
}

std::vector<PredictTask> ModelQueue::PopFront(std::size_t count) {
  std::vector<PredictTask> tasks;
  for (auto& [number, level] : levels_) {
    for (Line* line : {&level.in_time, &level.late}) {
      for (; tasks.size() < count && !line->empty(); line->pop_front())
        tasks.push_back(std::move(line->front()));
    }
  }
  size_ -= tasks.size();
  return tasks;
}

std::vector<PredictTask> ModelQueue::TakePartners(
    const PredictTask& first, std::size_t most,
    const std::function<std::size_t(std::span<const std::int64_t>)>& count) {
  Line& waiting = levels_[first.level].in_time;
  std::vector<std::size_t> places;
  std::vector<std::int64_t> rows{first.bound.rows};
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < waiting.size() && places.size() < most; ++i) {
    if (!MayRunTogether(first, waiting[i])) continue;
    bytes += waiting[i].bound.bytes;
    if (bytes > kMostBytes) break;
    places.push_back(i);
    rows.push_back(waiting[i].bound.rows);
  }
  places.resize(count(rows) - 1);
  std::vector<PredictTask> partners;
  for (const std::size_t place : places) partners.push_back(std::move(waiting[place]));
  std::ranges::for_each(places.rbegin(), places.rend(), [&](std::size_t place) {
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(place));
  });
  size_ -= partners.size();
  return partners;
}

std::size_t ModelQueue::CountBelow(std::uint32_t level) const {
  std::size_t count = 0;
  for (auto below = levels_.upper_bound(level); below != levels_.end(); ++below)
    count += below->second.in_time.size() + below->second.late.size();
  return count;
}

void ModelQueue::TakeHopeless(MonotonicTime now, std::vector<PredictTask>& hopeless) {
  for (auto& [number, level] : levels_) {
    for (Line* line : {&level.in_time, &level.late}) {
      const auto rest = std::stable_partition(
          line->begin(), line->end(), [&](const auto& task) { return WhyNotRun(task, now).ok(); });
      size_ -= static_cast<std::size_t>(line->end() - rest);
      std::move(rest, line->end(), std::back_inserter(hopeless));
      line->erase(rest, line->end());
    }
  }
}

void ModelQueue::TakeAll(std::vector<PredictTask>& all) {
  std::ranges::move(PopFront(size_), std::back_inserter(all));
}

}  // namespace slipway::serve
