#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace slipway::cli {

/// The password that `user` gets: from a terminal, without showing it and twice, else the first
/// line of standard input. InvalidArgument (kUsage): the two differ; there is none.
Result<std::string> ReadNewPassword(std::string_view user);

}  // namespace slipway::cli
