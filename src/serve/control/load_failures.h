#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/status.h"

namespace slipway::serve {

/// Why the last load of a version failed, for the index: also where nothing of it was ever loaded.
/// Remembers at most kMost versions. Thread-safe.
class LoadFailures {
 public:
  static constexpr std::size_t kMost = 16'384;

  /// A success is forgotten.
  void Note(const std::string& name, std::int64_t version, const Status& outcome) {
    const std::lock_guard lock(mutex_);
    if (outcome.ok()) {
      reasons_.erase({name, version});
    } else if (reasons_.size() < kMost || reasons_.contains({name, version})) {
      reasons_[{name, version}] = outcome.ToString();
    }
  }

  /// "" where it did not fail.
  std::string ReasonOf(const std::string& name, std::int64_t version) const {
    const std::lock_guard lock(mutex_);
    const auto found = reasons_.find({name, version});
    return found == reasons_.end() ? "" : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::int64_t>, std::string> reasons_;  // guarded by mutex_
};

}  // namespace slipway::serve
