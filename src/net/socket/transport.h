#pragma once

#include <sys/uio.h>

#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "net/socket/io_result.h"
#include "net/socket/tls_session.h"

namespace slipway::net {

/// One connected socket that does not block, in clear text or through TLS. Without TLS each call
/// is one system call. For one thread.
class Transport {
 public:
  Transport() = default;
  explicit Transport(FileDescriptor socket) : socket_(std::move(socket)) {}

  /// What is received and sent goes through `session`, which was made for this socket. Before
  /// anything was received.
  void Encrypt(std::unique_ptr<TlsSession> session) { tls_ = std::move(session); }
  const TlsSession* tls() const { return tls_.get(); }

  int descriptor() const { return socket_.get(); }
  bool valid() const { return socket_.valid(); }

  IoResult Receive(std::span<char> room) { return tls_ ? tls_->Receive(room) : ReceiveRaw(room); }
  /// What the socket brings, and be it encrypted: for whoever throws it away.
  IoResult ReceiveRaw(std::span<char> room);
  /// Throws away up to `count` bytes that the socket brings, without a copy. Not with TLS.
  IoResult Drop(std::size_t count);
  /// The first byte that ReceiveRaw() would bring, which stays there.
  IoResult Peek(char& byte) const;
  /// True if Receive() would bring something though the socket is not readable.
  bool HasBuffered() const { return tls_ && tls_->HasBuffered(); }
  /// True if bytes came that Receive() has not brought, be they of TLS alone. A system call.
  bool HasUnread() const;
  /// True if Receive() would bring something now, or the end.
  bool HasInput();

  /// Sends a part of `vectors`. After kWaitsForRoom the same bytes must come again, perhaps with
  /// more behind them.
  IoResult Send(std::span<const iovec> vectors) {
    return tls_ ? tls_->Send(vectors) : SendRaw(vectors);
  }
  /// Says that nothing more is sent. False: it waits for room.
  bool FinishSending();
  /// Closes at once; with TLS, says so.
  void Close();

 private:
  IoResult SendRaw(std::span<const iovec> vectors);

  FileDescriptor socket_;
  std::unique_ptr<TlsSession> tls_;
};

}  // namespace slipway::net
