#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/status.h"
#include "serve/control/folder_source.h"
#include "serve/control/model_control.h"
#include "serve/model/model_set.h"

namespace slipway::serve {

/// A list of models on trial that takes the place of the one before: what it wants is loaded beside
/// what is served, and once all of that is ready, the rest goes. Where something fails, nothing of
/// the rest has gone, what was loaded goes again, and versions that were replaced by others of
/// their number come back. Lives in the callbacks of its loads. Thread-safe.
class ListTransition final : public std::enable_shared_from_this<ListTransition> {
 public:
  struct Means {
    ModelSet& models;
    FolderSource& list;
    /// Loads one version as the source has it now; called on the control's thread.
    std::function<void(const std::string& name, std::int64_t version, ModelControl::Done done)>
        load;
    /// Does something on the control's thread.
    std::function<void(std::function<void()>)> post;
    std::function<void()> kept;  ///< told once the list counts, before anything is unloaded
  };

  /// `done` runs once, when the transition is complete or undone.
  ListTransition(Means means, FolderSource::ListChange change, ModelControl::Done done)
      : means_(std::move(means)), change_(std::move(change)), done_(std::move(done)) {}

  /// On the control's thread; the list is on trial.
  void Start();

 private:
  using Key = std::pair<std::string, std::int64_t>;

  void LoadAll(const std::map<Key, std::string>& versions);
  void Finished(const Key& key, Status outcome);
  /// True: it was the last one.
  bool CountDown(const Key& key, Status outcome);
  void Complete();
  void Undo();
  /// "": not ready.
  std::string DigestOf(const Key& key) const;

  const Means means_;
  const FolderSource::ListChange change_;
  const ModelControl::Done done_;
  std::map<Key, std::string> before_;  ///< what is wanted, with the package that was ready then
  std::mutex mutex_;                   // guards what follows
  std::size_t remaining_ = 0;
  bool is_undoing_ = false;
  Status failure_;
};

}  // namespace slipway::serve
