#include "cli/folder_watches.h"

#include <algorithm>

#include "base/log.h"

namespace slipway::cli {

std::chrono::milliseconds FolderWatches::UntilDue(std::chrono::milliseconds most) const {
  if (interval_.count() == 0 || watches_.empty()) return most;
  const auto passed = std::chrono::duration_cast<std::chrono::milliseconds>(since_look_.Elapsed());
  return std::clamp(interval_ - passed, std::chrono::milliseconds(0), most);
}

void FolderWatches::LookWhenDue(server::Server& server) {
  if (interval_.count() > 0 && since_look_.Elapsed() >= interval_) Look(server, false);
}

void FolderWatches::Look(server::Server& server, bool at_once) {
  since_look_ = Stopwatch();
  for (Watched& watched : watches_) {
    Result<repository::RepositoryLayout> layout = watched.repository->Read();
    // Who put another list in the place of this one has loaded what it asks for.
    while (const auto replaced = watched.repository->TakeReplaced()) {
      watched.watch = repository::FolderWatch(*replaced);
      layout = watched.repository->Read();
    }
    const std::string error = layout.status().ToString();
    if (!error.empty() && error != watched.error)
      Log(LogLevel::kWarning, "what is served stays as it is: {}", error);
    watched.error = error;
    if (!layout.ok()) continue;
    const repository::WatchNews news = watched.watch.Compare(*layout, at_once);
    for (const std::string& name : news.gone) {
      Log(LogLevel::kWarning,
          "model {} is gone from {} and goes on being served: slipway unload {}", name,
          watched.repository->path(), name);
    }
    for (const std::string& name : news.to_load) server.LoadWanted(name);
  }
}

}  // namespace slipway::cli
