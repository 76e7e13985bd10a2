#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

namespace slipway::serve {

/// What a control thread has to do, in order. Loads that end later than their control hold it too.
/// Thread-safe.
class ControlTasks {
 public:
  using Task = std::function<void()>;

  /// At most `most` wait.
  explicit ControlTasks(std::size_t most) : most_(most) {}

  /// False: too many wait already.
  bool Add(Task task) {
    {
      const std::lock_guard lock(mutex_);
      if (tasks_.size() >= most_) return false;
      tasks_.push_back(std::move(task));
    }
    added_.notify_one();
    return true;
  }

  /// What ends something that has begun: it comes next, however many wait.
  void AddNext(Task task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_front(std::move(task));
    }
    added_.notify_one();
  }

  /// Waits for the next; nullopt once stop was requested and none is left.
  std::optional<Task> Next(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!added_.wait(lock, stop, [this] { return !tasks_.empty(); })) return std::nullopt;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

 private:
  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable_any added_;
  std::deque<Task> tasks_;  // guarded by mutex_
};

}  // namespace slipway::serve
