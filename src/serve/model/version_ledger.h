#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "serve/model/model_set.h"

namespace slipway::serve {

/// One attempt to load a version; later attempts have higher numbers.
struct LoadAttempt {
  std::uint64_t number = 0;
  std::string name;
  std::int64_t version = 0;
};

/// What is known of every version: the states that people see, and which load may still publish.
/// Nothing of an unloaded version is kept longer than an hour. Not thread-safe.
class VersionLedger {
 public:
  /// A load was asked for. A version that serves meanwhile stays READY, here and below.
  LoadAttempt BeginLoad(const std::string& name, std::int64_t version, WallTime now);
  /// True if the version was unloaded since the load was asked for: it need not go on.
  bool IsCalledOff(const LoadAttempt& load) { return EntryOf(load) == nullptr; }
  /// How far the load is: kLoading, kWarming.
  void Advance(const LoadAttempt& load, ModelState state, WallTime now);
  /// True: the version is READY now and shall be published. False: it was unloaded meanwhile.
  bool FinishLoad(const LoadAttempt& load, WallTime now);
  /// FAILED with the reason, unless an earlier load serves or the version was unloaded meanwhile.
  void FailLoad(const LoadAttempt& load, std::string reason, WallTime now);

  /// What ails the version that this load published, if it still serves.
  void Remark(const LoadAttempt& load, std::string ailment);

  /// Which versions of `name` (or whether this one) ended by this call: those that serve are
  /// UNLOADING until Buried(), loads under way are called off, failed ones are forgiven.
  std::vector<std::int64_t> Unload(const std::string& name, std::optional<std::int64_t> version,
                                   WallTime now);
  /// Nothing is left of what that load published.
  void Buried(const LoadAttempt& load, WallTime now);

  std::vector<ModelStatus> Statuses(WallTime now);  ///< by name, then version
  bool AllReady() const;
  /// The version asked for, or the highest one known that is wanted; for messages.
  const ModelStatus* Find(const std::string& name, std::optional<std::int64_t> version) const;

 private:
  struct Entry {
    ModelStatus status;
    std::uint64_t serving = 0;        // the load that is published; 0: none
    std::uint64_t retiring = 0;       // the load that was published until it was unloaded
    std::uint64_t called_off_to = 0;  // loads up to this number may not publish
  };
  // The entry, if the load may still change its state.
  Entry* EntryOf(const LoadAttempt& load);
  static void Set(Entry& entry, ModelState state, std::string reason, WallTime now);

  std::map<std::pair<std::string, std::int64_t>, Entry> entries_;
  std::uint64_t last_load_ = 0;
};

}  // namespace slipway::serve
