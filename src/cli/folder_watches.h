#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"
#include "repository/folder_watch.h"
#include "server/server.h"

namespace slipway::cli {

/// The folders that a server serves, looked at again while it runs. What changed in them is loaded;
/// what vanished goes on being served. Not thread-safe.
class FolderWatches {
 public:
  /// `interval`: between two looks; zero: only when asked.
  explicit FolderWatches(std::chrono::milliseconds interval) : interval_(interval) {}
  void Add(const repository::RepositoryLayout& layout) {
    watches_.push_back({.watch = repository::FolderWatch(layout), .error = ""});
  }

  bool empty() const { return watches_.empty(); }
  /// How long one may wait until LookWhenDue(); at most `most`.
  std::chrono::milliseconds UntilDue(std::chrono::milliseconds most) const;
  /// Loads what changed and has been still since the look before, where the interval is over.
  void LookWhenDue(server::Server& server);
  /// Loads what changed.
  void LookNow(server::Server& server) { Look(server, /*at_once=*/true); }

 private:
  struct Watched {
    repository::FolderWatch watch;
    std::string error;  // of the last look, told once
  };
  void Look(server::Server& server, bool at_once);

  const std::chrono::milliseconds interval_;
  std::vector<Watched> watches_;
  Stopwatch since_look_;
};

}  // namespace slipway::cli
