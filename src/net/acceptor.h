#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/file.h"
#include "base/status.h"
#include "net/event_loop.h"
#include "net/socket_address.h"

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
  /// Takes what is queued, so that nobody who connected is reset, and listens no more.
  void Stop();

  void OnReady(std::uint32_t events) override;

 private:
  Status ListenAt(const std::string& path);
  bool AcceptAll();

  EventLoop& loop_;
  const OnAccept on_accept_;
  FileDescriptor socket_;
  std::uint16_t port_ = 0;
  std::string local_path_;  ///< removed at the end; empty: there is none
};

}  // namespace slipway::net
