#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "base/status.h"
#include "serve/control/model_control.h"
#include "serve/model/model_set.h"

namespace slipway::serve {

/// Several versions that load together: the last to finish completes the whole. Lives in the
/// callbacks of the loads. Thread-safe.
class LoadGroup {
 public:
  /// `others`: loads of the group that are not of this model.
  LoadGroup(ModelSet& models, std::string name, std::set<std::int64_t> wanted, std::size_t others,
            bool replaces, ModelControl::Done done)
      : models_(models),
        name_(std::move(name)),
        wanted_(std::move(wanted)),
        replaces_(replaces),
        done_(std::move(done)),
        remaining_(wanted_.size() + others) {}

  void Finished(Status outcome) {
    {
      const std::lock_guard lock(mutex_);
      if (failure_.ok()) failure_ = std::move(outcome);
      if (--remaining_ > 0) return;
    }
    if (failure_.ok() && replaces_) RetireOthers();
    done_(std::move(failure_));
  }

 private:
  void RetireOthers() {
    for (const ModelStatus& status : models_.Statuses()) {
      if (status.name != name_ || wanted_.contains(status.version) ||
          status.state == ModelState::kUnloaded)
        continue;
      // A version that somebody else unloaded meanwhile is gone either way.
      (void)models_.Unload(name_, status.version);
    }
  }

  ModelSet& models_;
  const std::string name_;
  const std::set<std::int64_t> wanted_;
  const bool replaces_;
  const ModelControl::Done done_;
  std::mutex mutex_;
  std::size_t remaining_;  // guarded by mutex_, as is failure_
  Status failure_;
};

}  // namespace slipway::serve
