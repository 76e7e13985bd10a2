#pragma once

#include <string>
#include <vector>

namespace slipway::sandbox {

/// What a process may still reach of the file system.
struct FileReach {
  std::vector<std::string> readable;  ///< files, and folders with all that is in them
  std::string writable;               ///< a folder, whose files may be made and written; "": none
};

/// Takes every other right to the file system, and to TCP where the kernel can (Landlock), from the
/// calling thread and those it starts, for ever. What does not exist is reached by nobody. False:
/// the kernel has no Landlock, or refuses.
bool RestrictFileSystem(const FileReach& reach);

}  // namespace slipway::sandbox
