#pragma once

#include "base/status.h"
#include "sandbox/landlock.h"

namespace slipway::sandbox {

/// Which means the kernel has; without Landlock the filter of system calls stands alone.
struct Means {
  bool landlock = false;
};

/// Called by a confined program before it looks at its first outside byte: from here on it can
/// read, write and map the descriptors it has and take memory, and nothing else. No files can be
/// opened (for reading: refused with an errno, because libraries probe; for writing: fatal), no
/// sockets, no programs, no threads, no other process, no executable memory; what stands in no list
/// ends the process (SIGSYS). Holds for all threads there are. Cannot be undone. Landlock stands
/// behind the filter where the kernel has it.
/// FailedPrecondition: the kernel refuses the filter; the program must then not go on.
Result<Means> EnterConfinement();

/// The step before, for a program whose libraries must open files by name and start threads: it may
/// do that, within `reach`, and else only what EnterConfinement() leaves. Called before it has
/// threads; EnterConfinement() follows when it has them all.
Result<Means> EnterLoading(const FileReach& reach);

}  // namespace slipway::sandbox
