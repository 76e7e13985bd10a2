#include "net/socket/local_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error_catalogue.h"

namespace slipway::net {
namespace {

constexpr std::string_view kPrefix = "unix:";

FileDescriptor NewSocket() {
  return FileDescriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

const sockaddr* Generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Result<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return InvalidArgument(
               fmt::format("the path of a socket has 1 to {} bytes", sizeof address.sun_path - 1))
        .With(errors::kUsage);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

/// Takes away a socket that a server left which did not end in order.
Status MakeRoom(const sockaddr_un& address) {
  struct stat file{};
  if (lstat(address.sun_path, &file) != 0) return {};
  const bool is_socket = S_ISSOCK(file.st_mode);
  const FileDescriptor probe = NewSocket();
  const bool is_left = is_socket && connect(probe.get(), Generic(address), sizeof address) != 0 &&
                       errno == ECONNREFUSED;
  if (is_left && unlink(address.sun_path) == 0) return {};
  return AlreadyExists(fmt::format("{} {}", address.sun_path,
                                   is_socket ? "is in use by another program" : "is no socket"))
      .With(errors::kAddressInUse)
      .Hint("choose another path");
}

}  // namespace

std::optional<std::string> LocalPath(std::string_view address) {
  if (!address.starts_with(kPrefix)) return std::nullopt;
  return std::string(address.substr(kPrefix.size()));
}

Result<FileDescriptor> ConnectLocally(const std::string& path) {
  SLIPWAY_TRY(const sockaddr_un address, AddressOf(path));
  FileDescriptor socket = NewSocket();
  if (socket.valid() && connect(socket.get(), Generic(address), sizeof address) == 0) return socket;
  return Unavailable(fmt::format("cannot connect to unix:{}: {}", path, std::strerror(errno)))
      .With(errors::kServerUnreachable)
      .Hint("is a server's --admin-listen or --address there, and is this its user?");
}

Result<FileDescriptor> ListenLocally(const std::string& path, int backlog) {
  SLIPWAY_TRY(const sockaddr_un address, AddressOf(path));
  SLIPWAY_RETURN_IF_ERROR(MakeRoom(address));
  FileDescriptor listener = NewSocket();
  // Nobody can connect before it listens, and then the file is its owner's alone.
  if (!listener.valid() || bind(listener.get(), Generic(address), sizeof address) != 0 ||
      chmod(path.c_str(), 0600) != 0 || listen(listener.get(), backlog) != 0)
    return ErrnoStatus(errno, fmt::format("cannot listen on {}", path));
  return listener;
}

}  // namespace slipway::net
