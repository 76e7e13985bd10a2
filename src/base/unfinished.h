#pragma once

#include <string>

#include "base/status.h"

namespace slipway {

/// The temporary files and folders that this process has and has not finished. Destructors remove
/// them; a signal that ends the program runs none, so whoever handles it removes them from here.
/// One list for the process, as signals are for the process. Thread-safe.

/// Called before the file is made, so that there is no moment between.
void NoteUnfinished(const std::string& path);
/// mkdtemp(3) and NoteUnfinished() as one step.
Result<std::string> MakeUnfinishedDirectory(std::string pattern);
void ForgetUnfinished(const std::string& path);

/// rename(2) and ForgetUnfinished(from) as one step: RemoveAllUnfinished() comes before or after
/// it.
Status RenameFinished(const std::string& from, const std::string& to);

/// Removes everything that is noted, for a process that ends now: the calls above block from here
/// on, so that nothing new appears.
void RemoveAllUnfinished();

}  // namespace slipway
