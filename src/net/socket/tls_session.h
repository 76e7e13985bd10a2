#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/socket/certificate_names.h"
#include "net/socket/io_result.h"
#include "net/socket/tls_context.h"

struct ssl_st;

namespace slipway::net {

/// TLS over one socket that does not block: the handshake goes on by itself within Receive() and
/// Send(), which then say what they wait for. Holds no buffer while nothing is on the way. For one
/// thread.
class TlsSession {
 public:
  /// Waits for a client's hello. `socket` stays open as long as this lives.
  static std::unique_ptr<TlsSession> Accept(std::shared_ptr<const TlsContext> context, int socket);
  /// Greets a server, which must have a certificate for `host`: a name or a numeric address. Offers
  /// it `protocol` by ALPN; one that knows no ALPN answers all the same.
  static std::unique_ptr<TlsSession> Connect(std::shared_ptr<const TlsContext> context, int socket,
                                             const std::string& host, std::string_view protocol);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  /// Goes on with the handshake, for who wants it done before anything else. kMoved: it is done.
  IoResult::State Handshake();

  /// Takes what is there, up to a bound that leaves others their turn.
  IoResult Receive(std::span<char> room);
  /// True if Receive() would bring something though the socket is not readable.
  bool HasBuffered() const { return has_more_; }
  /// True if Receive() would bring something now, or the end.
  bool HasInput();

  /// Sends a part of `vectors`. After kWaitsForRoom the same bytes must come again, perhaps with
  /// more behind them.
  IoResult Send(std::span<const iovec> vectors);
  /// Says that nothing more is sent. False: it waits for room.
  bool FinishSending();

  bool IsEstablished() const;
  /// What was agreed on by ALPN: "h2", "http/1.1" or "".
  std::string_view Protocol() const;
  /// What the peer's certificate says; nullptr: it showed none.
  std::shared_ptr<const CertificateNames> PeerNames() const;
  /// True if what broke it is an alert that the peer sent.
  bool WasAlerted() const { return was_alerted_; }
  /// Why it broke, for who made the connection: FailedPrecondition (kTlsUntrustedServer),
  /// Unavailable (kServerUnreachable).
  Status Failure(const std::string& server) const;

 private:
  TlsSession(std::shared_ptr<const TlsContext> context, int socket);
  IoResult Stopped(int outcome);

  const std::shared_ptr<const TlsContext> context_;
  const int socket_;
  ssl_st* ssl_;
  bool socket_may_have_more_ = false;
  bool has_more_ = false;
  bool has_finished_ = false;  ///< said that it sends no more
  bool is_broken_ = false;
  bool was_alerted_ = false;
  std::string error_;  ///< of what broke it

  friend struct SocketBio;
};

}  // namespace slipway::net
