#include "serve/model/loading_work.h"

#include <utility>

namespace slipway::serve {

bool LoadingWork::Add(LoadTask& task) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || loads_.size() >= kMaxLoads) return false;
    loads_.push_back(std::move(task));
  }
  added_.notify_one();
  return true;
}

void LoadingWork::Add(BuryTask task) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;  // the lock goes first, then the task with its model
    burials_.push_back(std::move(task));
  }
  added_.notify_one();
}

std::optional<LoadingWork::Task> LoadingWork::Next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!added_.wait(lock, stop, [this] { return !loads_.empty() || !burials_.empty(); }))
    return std::nullopt;
  if (stop.stop_requested()) return std::nullopt;
  if (!burials_.empty()) {
    Task task = std::move(burials_.front());
    burials_.pop_front();
    return task;
  }
  Task task = std::move(loads_.front());
  loads_.pop_front();
  return task;
}

std::deque<LoadTask> LoadingWork::Close() {
  std::deque<BuryTask> burials;  // destroyed after the lock
  const std::lock_guard lock(mutex_);
  closed_ = true;
  burials.swap(burials_);
  return std::exchange(loads_, {});
}

}  // namespace slipway::serve
