#pragma once

#include <chrono>
#include <vector>

#include "base/status.h"
#include "cli/arguments.h"
#include "cli/context.h"
#include "server/server_options.h"

namespace slipway::cli {

/// What the flags of `slipway serve` say.
struct ServeSettings {
  server::ServerOptions options;           ///< as written: server::Decided() has not seen them
  std::chrono::milliseconds look_every{};  ///< for what changed in served folders; 0: never
};

/// The flags of `slipway serve`, in groups: one more flag is a row of its group, and a line of the
/// function that reads the group.
std::vector<Flag> ServeFlags();

/// With the store and the TLS of `context`. InvalidArgument (kUsage), naming the flag; what
/// ReadRemotes() says.
Result<ServeSettings> ReadServeFlags(const Arguments& arguments, const Context& context);

}  // namespace slipway::cli
