#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/status.h"

namespace slipway::net {

/// An address of IPv4 or IPv6 with a port, or of a program on the same machine without one, as the
/// kernel writes it. A value.
class SocketAddress {
 public:
  /// Empty, for the kernel to fill: see data() and size().
  SocketAddress() = default;
  /// A numeric address, such as 127.0.0.1, ::1 or fe80::1%eth0, or "localhost".
  static Result<SocketAddress> Parse(const std::string& address, std::uint16_t port);

  /// "127.0.0.1:80", "[::1]:80", "unix".
  std::string Text() const;
  /// "127.0.0.1", "::1", "unix:/run/a.sock": what one listens on, without the port.
  std::string Host() const;
  std::uint16_t port() const;
  /// What a client's connections are counted by: its IPv4 address, or the /64 that it owns.
  std::string Counted() const;
  /// The same as a number: of an IPv4 address its 32 bits, else those of the /64; 0: this machine.
  std::uint64_t Network() const;

  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage_); }
  const sockaddr* data() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  /// Bytes of data() that count; at first all that there are.
  socklen_t& size() { return size_; }
  socklen_t size() const { return size_; }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = sizeof storage_;
};

}  // namespace slipway::net
