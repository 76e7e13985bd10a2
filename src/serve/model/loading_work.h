#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
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

/// A model that serves from its compiled form, whose own files nobody has read yet.
struct CheckTask {
  LoadAttempt load;
  std::function<Status()> verify;
};

/// What the loading threads have to do. Handles hold it too, since they may outlive their set.
/// Thread-safe.
class LoadingWork {
 public:
  static constexpr std::size_t kMaxLoads = 4096;  ///< that wait; models to bury are never refused
  static constexpr std::size_t kMaxChecks = kMaxLoads;

  /// False: too many wait already, or Close() was called. `task` is untouched then.
  bool Add(LoadTask& task);
  /// After Close() the model is destroyed here and now.
  void Add(BuryTask task);

  /// Forgotten where too many wait already: whoever compiles the model checks it then.
  void Add(CheckTask task);

  using Task = std::variant<LoadTask, BuryTask, CheckTask>;
  /// Waits for the next task, burials first: they give memory back; checks last. Of the loads the
  /// first that may begin: one version of a name at a time, and an ensemble after all loads that
  /// were added before it. nullopt: stop was requested.
  std::optional<Task> Next(const std::stop_token& stop);
  /// A load that Next() returned has ended.
  void Finished(const LoadAttempt& load);

  /// Ends the work and returns the loads that nobody began.
  std::deque<LoadTask> Close();

 private:
  using Loads = std::deque<LoadTask>;
  Loads::iterator FirstThatMayBegin();  // with mutex_ held

  std::mutex mutex_;  // guards all below
  std::condition_variable_any changed_;
  Loads loads_;
  std::deque<BuryTask> burials_;
  std::deque<CheckTask> checks_;
  std::map<std::uint64_t, std::string> begun_;  // the names of loads under way, by attempt
  bool closed_ = false;
};

}  // namespace slipway::serve
