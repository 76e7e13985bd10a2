#include "net/server/acceptor.h"

#include <fmt/format.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/error_catalogue.h"
#include "net/socket/local_socket.h"

namespace slipway::net {
namespace {

constexpr int kBacklog = 1024;
constexpr std::chrono::milliseconds kRetry{100};

Status ListenError(int error, const std::string& where) {
  if (error == EADDRINUSE) {
    return AlreadyExists(fmt::format("{} is in use by another program", where))
        .With(errors::kAddressInUse)
        .Hint("choose another port with --port, or --port 0 for any free one");
  }
  return ErrnoStatus(error, fmt::format("cannot listen on {}", where));
}

}  // namespace

Acceptor::Acceptor(EventLoop& loop, OnAccept on_accept)
    : loop_(loop), on_accept_(std::move(on_accept)) {}

Status Acceptor::Listen(const std::string& address, std::uint16_t port) {
  if (const auto path = LocalPath(address)) return ListenAt(*path);
  SLIPWAY_TRY(const SocketAddress wanted, SocketAddress::Parse(address, port));
  SocketAddress bound;
  const int on = 1;
  socket_ = FileDescriptor(
      socket(wanted.data()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_.valid() ||
      setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(socket_.get(), wanted.data(), wanted.size()) != 0 ||
      listen(socket_.get(), kBacklog) != 0 ||
      getsockname(socket_.get(), bound.data(), &bound.size()) != 0) {
    return ListenError(errno, fmt::format("{}:{}", address, port));
  }
  port_ = bound.port();
  return {};
}

void Acceptor::Adopt(FileDescriptor socket) {
  SocketAddress bound;
  if (getsockname(socket.get(), bound.data(), &bound.size()) == 0) port_ = bound.port();
  socket_ = std::move(socket);
  is_own_ = false;
}

Status Acceptor::ListenAt(const std::string& path) {
  SLIPWAY_TRY(socket_, ListenLocally(path, kBacklog));
  local_path_ = path;
  return {};
}

void Acceptor::Start() {
  if (socket_.valid()) loop_.Watch(socket_.get(), EPOLLIN, *this);
}

bool Acceptor::TurnAway() {
  if (!socket_.valid() || !is_own_) return false;
  if (!local_path_.empty()) return unlink(local_path_.c_str()) == 0;
  // Segments with SYN are dropped; those that end a handshake pass. Connections inherit it,
  // unharmed.
  constexpr unsigned kFlags = 13;  // where a TCP header has them
  std::array<sock_filter, 4> syn_only = {{BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlags),
                                          BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_SYN, 0, 1),
                                          BPF_STMT(BPF_RET | BPF_K, 0),
                                          BPF_STMT(BPF_RET | BPF_K, 0xFFFFFFFF)}};
  const sock_fprog program{.len = syn_only.size(), .filter = syn_only.data()};
  return setsockopt(socket_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

void Acceptor::Stop() {
  if (!socket_.valid()) return;
  AcceptAll();
  socket_.Close();
}

void Acceptor::OnReady(std::uint32_t) {
  if (!socket_.valid() || AcceptAll()) return;
  // No descriptor or memory for one more: the queue waits instead of the processor.
  loop_.Unwatch(socket_.get());
  loop_.RunAfter(kRetry, [this] { Start(); });
}

/// Takes what is queued. False if the process cannot have more connections now.
bool Acceptor::AcceptAll() {
  for (;;) {
    SocketAddress peer;
    FileDescriptor accepted(
        accept4(socket_.get(), peer.data(), &peer.size(), SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted.valid()) {
      on_accept_(std::move(accepted), peer);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return true;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      return false;
    }
  }
}

}  // namespace slipway::net
