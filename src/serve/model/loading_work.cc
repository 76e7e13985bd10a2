#include "serve/model/loading_work.h"

#include <set>
#include <string_view>
#include <utility>

namespace slipway::serve {
namespace {

template <class Each>
LoadingWork::Task TakeFirst(std::deque<Each>& tasks) {
  LoadingWork::Task task = std::move(tasks.front());
  tasks.pop_front();
  return task;
}

}  // namespace

bool LoadingWork::Add(LoadTask& task) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || loads_.size() >= kMaxLoads) return false;
    loads_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void LoadingWork::Add(BuryTask task) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;  // the lock goes first, then the task with its model
    burials_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void LoadingWork::Add(CheckTask task) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || checks_.size() >= kMaxChecks) return;
    checks_.push_back(std::move(task));
  }
  changed_.notify_one();
}

LoadingWork::Loads::iterator LoadingWork::FirstThatMayBegin() {
  std::set<std::string_view> busy;  // names of loads that are under way or wait before this one
  for (const auto& [attempt, name] : begun_) busy.insert(name);
  for (auto task = loads_.begin(); task != loads_.end(); ++task) {
    const bool waits_for_all = task->package.manifest.ensemble.has_value();
    const bool is_first =
        task == loads_.begin() && (begun_.empty() || begun_.begin()->first > task->load.number);
    if (waits_for_all ? is_first : !busy.contains(task->load.name)) return task;
    busy.insert(task->load.name);
  }
  return loads_.end();
}

std::optional<LoadingWork::Task> LoadingWork::Next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  auto load = loads_.end();
  const auto has_task = [&] {
    load = FirstThatMayBegin();
    return !burials_.empty() || load != loads_.end() || !checks_.empty();
  };
  if (!changed_.wait(lock, stop, has_task) || stop.stop_requested()) return std::nullopt;
  if (!burials_.empty()) return TakeFirst(burials_);
  if (load == loads_.end()) return TakeFirst(checks_);
  begun_[load->load.number] = load->load.name;
  Task task = std::move(*load);
  loads_.erase(load);
  return task;
}

void LoadingWork::Finished(const LoadAttempt& load) {
  {
    const std::lock_guard lock(mutex_);
    begun_.erase(load.number);
  }
  changed_.notify_all();
}

std::deque<LoadTask> LoadingWork::Close() {
  std::deque<BuryTask> burials;  // destroyed after the lock
  const std::lock_guard lock(mutex_);
  closed_ = true;
  burials.swap(burials_);
  checks_.clear();
  return std::exchange(loads_, {});
}

}  // namespace slipway::serve
