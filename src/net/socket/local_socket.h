#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/status.h"

namespace slipway::net {

/// The path in "unix:/run/slipway/admin.sock", an address that programs of this machine alone
/// reach; absent: another kind of address.
std::optional<std::string> LocalPath(std::string_view address);

/// Binds a socket at that path, which its owner alone may connect to (0600), and listens; in the
/// place of one that nobody listens at any more. AlreadyExists (kAddressInUse): somebody does, or
/// the file is no socket. InvalidArgument: the path is empty or longer than 107 bytes.
Result<FileDescriptor> ListenLocally(const std::string& path, int backlog);

/// Connects to a socket at that path; never waits. Unavailable (kServerUnreachable): nobody listens
/// there, or it may not be connected to. InvalidArgument: as ListenLocally().
Result<FileDescriptor> ConnectLocally(const std::string& path);

}  // namespace slipway::net
