#include "base/unfinished.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <set>

namespace slipway {

namespace {

struct Unfinished {
  std::mutex mutex;
  std::set<std::string> paths;  // guarded by mutex
};

/// Never destroyed: a signal may come while static objects go.
Unfinished& List() {
  static auto* const list = new Unfinished;
  return *list;
}

}  // namespace

void NoteUnfinished(const std::string& path) {
  std::lock_guard lock(List().mutex);
  List().paths.insert(path);
}

Result<std::string> MakeUnfinishedDirectory(std::string pattern) {
  std::lock_guard lock(List().mutex);
  if (mkdtemp(pattern.data()) == nullptr) {
    const std::string parent = std::filesystem::path(pattern).parent_path().string();
    return ErrnoStatus(errno, fmt::format("cannot create a temporary directory in {}", parent));
  }
  List().paths.insert(pattern);
  return pattern;
}

void ForgetUnfinished(const std::string& path) {
  std::lock_guard lock(List().mutex);
  List().paths.erase(path);
}

Status RenameFinished(const std::string& from, const std::string& to) {
  std::lock_guard lock(List().mutex);
  if (rename(from.c_str(), to.c_str()) != 0)
    return ErrnoStatus(errno, fmt::format("cannot rename to {}", to));
  List().paths.erase(from);
  return {};
}

void RemoveAllUnfinished() {
  constexpr int kAttempts = 3;  // another thread may put a file into a folder that is being removed
  List().mutex.lock();          // for good: the process ends
  for (const std::string& path : List().paths) {
    std::error_code error;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      std::filesystem::remove_all(path, error);
      if (!error) break;
    }
  }
}

}  // namespace slipway
