#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "server/server_options.h"

namespace slipway::server {

/// A listening socket that whoever started this process had bound, such as systemd by a socket
/// unit (sd_listen_fds(3)). Connections wait in it while no server runs.
struct InheritedSocket {
  std::string name;     ///< as FileDescriptorName= of a unit; empty: none was said
  std::string address;  ///< "0.0.0.0", "::1", "unix:/run/slipway.sock"
  FileDescriptor descriptor;
};

/// Takes over those that LISTEN_FDS counts, and LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES out of
/// the environment, so that no child does the same. Empty: none were passed, or to another process.
/// InvalidArgument (kUsage): one does not listen for connections, or more than sixteen were passed.
/// Once, before any other thread starts. `first`: the descriptor of the first one.
Result<std::vector<InheritedSocket>> TakeInheritedSockets(int first = 3);

/// Those named "admin" become the admin listener, all others the main one, in the place of the
/// addresses that `options` have. The address is then that of the socket that the most can reach.
void Listen(std::vector<InheritedSocket> sockets, ServerOptions& options);

}  // namespace slipway::server
