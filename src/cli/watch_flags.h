#pragma once

#include <vector>

#include "base/status.h"
#include "cli/arguments.h"
#include "server/server_options.h"

namespace slipway::cli {

/// The flags of `serve` that say what it tells of what it does: audit log, access log, traces,
/// names of metrics.
std::vector<Flag> WatchFlags();

/// What they say. InvalidArgument (kUsage): out of bounds.
Status ReadWatchFlags(const Arguments& arguments, server::ServerOptions& options);

}  // namespace slipway::cli
