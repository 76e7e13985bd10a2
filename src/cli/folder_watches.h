#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "repository/folder_watch.h"
#include "repository/served_repository.h"
#include "server/server.h"

namespace slipway::cli {

/// The folders that a server serves, looked at again while it runs. What changed in them is loaded;
/// what vanished goes on being served. Not thread-safe.
class FolderWatches {
 public:
  /// `interval`: between two looks; zero: only when asked.
  explicit FolderWatches(std::chrono::milliseconds interval) : interval_(interval) {}
  /// `loaded`: what was loaded of it.
  void Add(std::shared_ptr<repository::ServedRepository> repository,
           const repository::RepositoryLayout& loaded) {
    watches_.push_back({.repository = std::move(repository),
                        .watch = repository::FolderWatch(loaded),
                        .error = ""});
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
    std::shared_ptr<repository::ServedRepository> repository;
    repository::FolderWatch watch;
    std::string error;  // of the last look, told once
  };
  void Look(server::Server& server, bool at_once);

  const std::chrono::milliseconds interval_;
  std::vector<Watched> watches_;
  Stopwatch since_look_;
};

}  // namespace slipway::cli
