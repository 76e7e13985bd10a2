#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "cli/arguments.h"
#include "net/socket/tls_context.h"
#include "serve/remote/remote_server.h"

namespace slipway::cli {

/// --remote and those that go with it.
std::vector<Flag> RemoteFlags();

/// The servers that --remote names, with what the other flags of that kind say. InvalidArgument
/// (kUsage): no NAME=URL, a name twice or that no server may have, a key for nobody, out of bounds;
/// what ParseHttpUrl() says, and what reading a key file does.
Result<std::vector<serve::RemoteServerOptions>> ReadRemotes(const Arguments& arguments,
                                                            const net::TlsClientOptions& tls,
                                                            std::uint64_t max_answer_bytes);

}  // namespace slipway::cli
