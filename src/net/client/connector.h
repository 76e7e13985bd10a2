#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "net/client/http_url.h"
#include "net/socket/transport.h"

namespace slipway::net {

struct ConnectorOptions {
  std::chrono::milliseconds timeout{5'000};  ///< for each address of the host, and the handshake
  TlsClientOptions tls;
  std::string_view protocol = "http/1.1";  ///< offered by ALPN; a literal
  int interrupt = -1;  ///< a descriptor of the caller's: once it is readable, nothing is waited for
};

/// Makes connections to one server, through TLS where its URL says https. Not thread-safe; movable.
class Connector {
 public:
  explicit Connector(HttpUrl server, ConnectorOptions options = {});

  /// Connected, and a TLS handshake done: from here on nothing blocks. Unavailable
  /// (kServerUnreachable) saying what to do: the name is unknown, nothing listens there, no answer
  /// in time, no TLS there. FailedPrecondition (kTlsUntrustedServer); what TlsContext::ForClient()
  /// says. Resolving a name blocks as long as the system's resolver does; the rest until
  /// `deadline` at most.
  Result<Transport> Connect(MonotonicTime deadline = MonotonicTime::max());

  const HttpUrl& server() const { return server_; }

 private:
  Result<FileDescriptor> ConnectSocket(MonotonicTime deadline) const;
  Status Encrypt(Transport& transport, MonotonicTime deadline);

  HttpUrl server_;
  ConnectorOptions options_;
  std::shared_ptr<const TlsContext> tls_;  ///< made for the first connection that needs it
};

/// The events of poll(2) that came; 0 once the deadline has passed, or `interrupt` is readable.
short WaitFor(int socket, short events, MonotonicTime deadline, int interrupt = -1);

}  // namespace slipway::net
