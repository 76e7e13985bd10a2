#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

/// SLIPWAY_FAILPOINT("publish.after_rename") names a place where a test may fail, crash or delay
/// the program. It returns the injected Status from the enclosing function, which returns Status or
/// Result. Compiled to nothing unless SLIPWAY_FAILPOINTS is defined for the file.
///
/// SLIPWAY_FAILPOINTS_SET="publish.after_rename=crash;store.write=error(RESOURCE_EXHAUSTED)" in the
/// environment arms them: `crash` (SIGKILL to itself), `error(CODE)`, `sleep(MILLISECONDS)`, each
/// optionally followed by `@N`: only the N-th hit. With SLIPWAY_FAILPOINTS_LOG=FILE every hit
/// appends the point's name to FILE, so a test can show that each was reached.
#if defined(SLIPWAY_FAILPOINTS)
#define SLIPWAY_FAILPOINT(name) SLIPWAY_RETURN_IF_ERROR(::slipway::HitFailpoint(name))
#else
#define SLIPWAY_FAILPOINT(name) \
  do {                          \
  } while (false)
#endif

namespace slipway {

/// Does what is armed for `name`. Thread-safe.
Status HitFailpoint(std::string_view name);

}  // namespace slipway
