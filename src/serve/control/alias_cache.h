#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/status.h"
#include "serve/control/model_control.h"

namespace slipway::serve {

/// Which version a model's alias names, remembered for a second, so that requests by alias do not
/// wait for the control thread and its disk each. A change is seen within kMaxAge, that of a list
/// of models at once. At most kMost aliases are remembered. Thread-safe.
class AliasCache {
 public:
  static constexpr std::chrono::seconds kMaxAge{1};
  static constexpr std::size_t kMost = 1024;

  /// Both outlive this and every completion.
  AliasCache(ModelControl& control, const Clock& clock) : control_(control), clock_(clock) {}

  using Done = std::function<void(Result<std::int64_t>)>;
  /// `done` runs once: at once for a remembered alias, else on the control thread.
  void Resolve(std::string model, std::string alias, Done done);

 private:
  struct Entry {
    std::int64_t version = 0;
    std::uint64_t lists = 0;  ///< ModelControl::ListsReplaced() before it was asked for
    MonotonicTime since;
  };
  using Key = std::pair<std::string, std::string>;

  void Remember(const Key& key, std::int64_t version, std::uint64_t lists);

  ModelControl& control_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<Key, Entry> entries_;  // guarded by mutex_
};

/// What a request is told whose alias names a version that is not there to answer: Unavailable
/// (kModelNotReady), for it may be loaded later, in the place of `missing`.
Status NotReadyByAlias(std::string_view alias, const Status& missing);

}  // namespace slipway::serve
