#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "repository/layout.h"

namespace slipway::repository {

/// What of a model a server would load: its settings, and the files of the versions that its policy
/// selects. Pure.
std::string WantedState(const FoundModel& model);

/// What to do after a look at a folder.
struct WatchNews {
  std::vector<std::string> to_load;  ///< models of which something else is wanted now
  std::vector<std::string> gone;     ///< models that are no longer there, told once
  bool operator==(const WatchNews&) const = default;
};

/// Decides from one look to the next which models changed. A change counts once two looks in a row
/// saw the same, so that what is still being copied is let alone; each is told once, also where it
/// cannot be loaded. Not thread-safe.
class FolderWatch {
 public:
  /// `layout`: what was loaded from.
  explicit FolderWatch(const RepositoryLayout& layout);

  /// `at_once`: a change counts now. Reads nothing.
  WatchNews Compare(const RepositoryLayout& layout, bool at_once);

 private:
  struct Seen {
    std::string applied;  // the state that was loaded, or that a load was tried of
    std::string last;     // as it was at the last look
    bool is_gone = false;
  };
  std::map<std::string, Seen> models_;
};

}  // namespace slipway::repository
