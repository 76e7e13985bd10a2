#pragma once

#include <sys/types.h>

#include "base/file.h"
#include "base/status.h"
#include "sandbox/run_confined.h"

namespace slipway::sandbox {

/// A child that was started and not yet waited for.
struct Child {
  pid_t id = -1;
  FileDescriptor handle;  ///< pidfd: readable when the child has ended
  FileDescriptor result;  ///< our end of result_descriptor's pipe; may be invalid
  FileDescriptor errors;  ///< our end of its standard error
};

/// Starts the program under all of its limits but the time limit. The caller waits for the child.
Result<Child> Spawn(const ConfinedProgram& program);

}  // namespace slipway::sandbox
