#include "engine/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace slipway::engine {

Result<FileDescriptor> LockFolder(const std::string& path, FolderLock kind) {
  FileDescriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return ErrnoStatus(errno, fmt::format("cannot open {}", path));
  const int operation = (kind == FolderLock::kInUse ? LOCK_SH : LOCK_EX) | LOCK_NB;
  if (flock(folder.get(), operation) != 0) {
    if (errno == EWOULDBLOCK) return Unavailable(fmt::format("{} is in use", path));
    return ErrnoStatus(errno, fmt::format("cannot lock {}", path));
  }
  // Until it was locked it might be removed, and then the lock is one on what has no name.
  if (access(path.c_str(), F_OK) != 0) return NotFound(fmt::format("{} is gone", path));
  return folder;
}

}  // namespace slipway::engine
