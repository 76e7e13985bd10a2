#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"
#include "base/status.h"

namespace slipway::engine {

enum class FolderLock : std::uint8_t {
  kInUse,   ///< beside others of its kind: whoever would remove the folder leaves it
  kRemoves  ///< alone
};

/// A lock on a folder, which holds in all processes for as long as the descriptor is open. Does not
/// wait. NotFound: it is not there, or no longer. Unavailable: others have a lock against this one.
Result<FileDescriptor> LockFolder(const std::string& path, FolderLock kind);

}  // namespace slipway::engine
