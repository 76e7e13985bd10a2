#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/file.h"
#include "base/status.h"
#include "net/server/event_loop.h"
#include "net/socket/socket_address.h"

namespace slipway::net {

/// A listening socket that hands on what connects. On its loop's thread but for Listen() and
/// port().
class Acceptor final : public Watcher {
 public:
  using OnAccept = std::function<void(FileDescriptor socket, const SocketAddress& peer)>;

  /// `loop` outlives it. The sockets handed to `on_accept` do not block.
  Acceptor(EventLoop& loop, OnAccept on_accept);

  /// Binds and listens: connections wait in the kernel until Start(). "unix:PATH" is an address
  /// too, without a port (local_socket.h). AlreadyExists (kAddressInUse).
  Status Listen(const std::string& address, std::uint16_t port);
  /// The same with a socket that listens already, whoever bound it; a file of it in the file system
  /// stays at the end.
  void Adopt(FileDescriptor socket);
  std::uint16_t port() const { return port_; }

  void Start();
  /// Who connects from now on finds nobody, and asks again in a second; who is connecting, or
  /// waits in the kernel, is still taken. Else what the kernel takes between the last accept and
  /// the close of Stop() would be reset, its request with it. False: nothing is under way, or
  /// others listen too.
  bool TurnAway();
  /// Takes what is queued, and listens no more.
  void Stop();

  void OnReady(std::uint32_t events) override;

 private:
  Status ListenAt(const std::string& path);
  bool AcceptAll();

  EventLoop& loop_;
  const OnAccept on_accept_;
  FileDescriptor socket_;
  bool is_own_ = true;  ///< false: another process may listen at it too
  std::uint16_t port_ = 0;
  std::string local_path_;  ///< removed at the end; empty: there is none
};

}  // namespace slipway::net
