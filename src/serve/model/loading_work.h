#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <variant>

#include "serve/model/model_set.h"
#include "serve/model/version_ledger.h"

namespace slipway::serve {

struct LoadTask {
  LoadAttempt load;
  ModelPackage package;
  std::function<void(Status)> done;  ///< may be null
};

/// A model whose last handle has gone.
struct BuryTask {
  LoadAttempt load;
  std::unique_ptr<const ServedModel> model;
};

/// What the loading thread has to do. Handles hold it too, since they may outlive their set.
/// Thread-safe.
class LoadingWork {
 public:
  static constexpr std::size_t kMaxLoads = 4096;  ///< that wait; models to bury are never refused

  /// False: too many wait already, or Close() was called. `task` is untouched then.
  bool Add(LoadTask& task);
  /// After Close() the model is destroyed here and now.
  void Add(BuryTask task);

  using Task = std::variant<LoadTask, BuryTask>;
  /// Waits for the next task, burials first: they give memory back. nullopt: stop was requested.
  std::optional<Task> Next(const std::stop_token& stop);

  /// Ends the work and returns the loads that nobody began.
  std::deque<LoadTask> Close();

 private:
  std::mutex mutex_;  // guards all below
  std::condition_variable_any added_;
  std::deque<LoadTask> loads_;
  std::deque<BuryTask> burials_;
  bool closed_ = false;
};

}  // namespace slipway::serve
