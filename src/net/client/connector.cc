#include "net/client/connector.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "net/client/client_errors.h"
#include "net/socket/local_socket.h"

namespace slipway::net {
namespace {

int MillisecondsLeft(MonotonicTime deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

using AddressList = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

Result<AddressList> Resolve(const HttpUrl& server) {
  const addrinfo wanted{.ai_flags = AI_NUMERICSERV,
                        .ai_family = AF_UNSPEC,
                        .ai_socktype = SOCK_STREAM,
                        .ai_protocol = 0,
                        .ai_addrlen = 0,
                        .ai_addr = nullptr,
                        .ai_canonname = nullptr,
                        .ai_next = nullptr};
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &wanted, &found);
  if (error != 0) {
    return Unreachable(
        fmt::format("no address for the host \"{}\": {}", server.host, gai_strerror(error)),
        "check the spelling of the host name");
  }
  return AddressList(found, freeaddrinfo);
}

/// 0, or the errno value that says why there is no connection.
int TryConnect(const addrinfo& address, MonotonicTime deadline, int interrupt,
               FileDescriptor& out) {
  FileDescriptor socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return errno;
  if (connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return errno;
    if (WaitFor(socket.get(), POLLOUT, deadline, interrupt) == 0) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return error;
  }
  const int on = 1;
  (void)setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  out = std::move(socket);
  return 0;
}

}  // namespace

short WaitFor(int socket, short events, MonotonicTime deadline, int interrupt) {
  // poll(2) passes over a descriptor below 0.
  std::array<pollfd, 2> entries{pollfd{.fd = socket, .events = events, .revents = 0},
                                pollfd{.fd = interrupt, .events = POLLIN, .revents = 0}};
  int ready = 0;
  do {
    ready = poll(entries.data(), entries.size(), MillisecondsLeft(deadline));
  } while (ready < 0 && errno == EINTR);
  return ready > 0 && entries[1].revents == 0 ? entries[0].revents : short{0};
}

Connector::Connector(HttpUrl server, ConnectorOptions options)
    : server_(std::move(server)), options_(std::move(options)) {}

Result<FileDescriptor> Connector::ConnectSocket(MonotonicTime deadline) const {
  if (!server_.socket_path.empty()) return ConnectLocally(server_.socket_path);
  SLIPWAY_TRY(const AddressList addresses, Resolve(server_));
  int error = ENOENT;
  FileDescriptor socket;
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    const MonotonicTime latest = std::chrono::steady_clock::now() + options_.timeout;
    error = TryConnect(*address, std::min(latest, deadline), options_.interrupt, socket);
    if (error == 0) return socket;
  }
  if (error == ECONNREFUSED) {
    return Unreachable(fmt::format("nothing listens at {}", server_.Authority()),
                       "start a server there (slipway serve MODEL), or name another address");
  }
  return Unreachable(
      fmt::format("cannot connect to {}: {}", server_.Authority(), std::strerror(error)),
      "check the address, the network and its firewalls");
}

Result<Transport> Connector::Connect(MonotonicTime deadline) {
  SLIPWAY_TRY(FileDescriptor socket, ConnectSocket(deadline));
  Transport transport(std::move(socket));
  if (server_.tls) SLIPWAY_RETURN_IF_ERROR(Encrypt(transport, deadline));
  return transport;
}

Status Connector::Encrypt(Transport& transport, MonotonicTime deadline) {
  if (tls_ == nullptr) {
    SLIPWAY_TRY(tls_, TlsContext::ForClient(options_.tls));
  }
  const int socket = transport.descriptor();
  auto session = TlsSession::Connect(tls_, socket, server_.host, options_.protocol);
  deadline = std::min(deadline, std::chrono::steady_clock::now() + options_.timeout);
  for (;;) {
    const IoResult::State state = session->Handshake();
    if (state == IoResult::State::kMoved) break;
    if (state != IoResult::State::kWaitsForInput && state != IoResult::State::kWaitsForRoom)
      return session->Failure(server_.Authority());
    const short events = state == IoResult::State::kWaitsForInput ? POLLIN : POLLOUT;
    if (WaitFor(socket, events, deadline, options_.interrupt) == 0) {
      return Unreachable(fmt::format("no TLS handshake with {} in time", server_.Authority()),
                         "if that port speaks no TLS, write http:// instead of https://");
    }
  }
  transport.Encrypt(std::move(session));
  return {};
}

}  // namespace slipway::net
