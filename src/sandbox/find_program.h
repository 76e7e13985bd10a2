#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace slipway::sandbox {

/// The path of a program of ours for confined work: in libexec, beside this program or beside its
/// folder. NotFound, saying where it was looked for.
Result<std::string> FindProgram(std::string_view name);

}  // namespace slipway::sandbox
