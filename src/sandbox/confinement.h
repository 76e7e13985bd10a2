#pragma once

#include "base/status.h"

namespace slipway::sandbox {

/// Called by a confined program before it looks at its first outside byte: from here on it can
/// read, write and map the descriptors it has and take memory, and nothing else. No files can be
/// opened (for reading: refused with an errno, because libraries probe; for writing: fatal), no
/// sockets, no programs, no other process, no executable memory; what stands in no list ends the
/// process (SIGSYS). Cannot be undone. Landlock stands behind the filter where the kernel has it.
/// FailedPrecondition: the kernel refuses the filter; the program must then not go on.
Status EnterConfinement();

}  // namespace slipway::sandbox
