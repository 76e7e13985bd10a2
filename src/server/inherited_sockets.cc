#include "server/inherited_sockets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "base/error_catalogue.h"
#include "base/text.h"
#include "net/socket/socket_address.h"
#include "server/take_variable.h"

namespace slipway::server {
namespace {

constexpr std::int64_t kMostSockets = 16;

Status Refused(int descriptor, std::string_view why) {
  return InvalidArgument(fmt::format("descriptor {}, which LISTEN_FDS passes, {}", descriptor, why))
      .With(errors::kUsage)
      .Hint("pass listening stream sockets: ListenStream= and Accept=no in a socket unit");
}

bool HasOption(int descriptor, int option, int expected) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 && value == expected;
}

Result<InheritedSocket> Take(int descriptor, std::string_view name) {
  if (fcntl(descriptor, F_GETFD) < 0) return Refused(descriptor, "is not open");
  InheritedSocket taken{
      .name = std::string(name), .address = "", .descriptor = FileDescriptor(descriptor)};
  if (!HasOption(descriptor, SO_TYPE, SOCK_STREAM) || !HasOption(descriptor, SO_ACCEPTCONN, 1))
    return Refused(descriptor, "does not listen for connections");
  net::SocketAddress address;
  if (getsockname(descriptor, address.data(), &address.size()) != 0 ||
      fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0 || fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0)
    return ErrnoStatus(errno, fmt::format("descriptor {} cannot be listened to", descriptor));
  taken.address = address.Host();
  return taken;
}

void AddTo(InheritedSocket& socket, std::string& address,
           std::vector<std::shared_ptr<FileDescriptor>>& sockets) {
  if (sockets.empty() || (IsLoopback(address) && !IsLoopback(socket.address)))
    address = socket.address;
  sockets.push_back(std::make_shared<FileDescriptor>(std::move(socket.descriptor)));
}

}  // namespace

Result<std::vector<InheritedSocket>> TakeInheritedSockets(int first) {
  const std::string process = TakeVariable("LISTEN_PID");
  const std::string count_text = TakeVariable("LISTEN_FDS");
  const std::string names_text = TakeVariable("LISTEN_FDNAMES");
  std::vector<InheritedSocket> sockets;
  if (count_text.empty() || ParseInt64(process) != getpid()) return sockets;
  const std::int64_t count = ParseInt64(count_text).value_or(-1);
  if (count < 0 || count > kMostSockets) {
    return InvalidArgument(fmt::format("LISTEN_FDS is not a number from 0 to {}", kMostSockets))
        .With(errors::kUsage);
  }
  const std::vector<std::string_view> names = Split(names_text, ':');
  for (int i = 0; i < count; ++i) {
    const auto index = static_cast<std::size_t>(i);
    SLIPWAY_TRY(InheritedSocket socket, Take(first + i, index < names.size() ? names[index] : ""));
    sockets.push_back(std::move(socket));
  }
  return sockets;
}

void Listen(std::vector<InheritedSocket> sockets, ServerOptions& options) {
  for (InheritedSocket& socket : sockets) {
    if (socket.name != "admin") {
      AddTo(socket, options.address, options.sockets);
      continue;
    }
    if (!options.admin) options.admin.emplace();
    AddTo(socket, options.admin->address, options.admin->sockets);
  }
}

}  // namespace slipway::server
