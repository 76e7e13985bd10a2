#pragma once

#include <memory>

#include "base/clock.h"
#include "base/status.h"
#include "net/client/connector.h"
#include "net/client/http2_client_session.h"
#include "net/client/http_client.h"

namespace slipway::net {

/// A blocking HTTP/2 client: one connection that speaks nothing else ("prior knowledge", through
/// TLS by ALPN), kept between requests, with one request on it at a time. No redirects, no
/// compression. Nothing is read between requests, so a server that asks meanwhile whether anybody
/// is there may close the connection: it is then opened again. Not thread-safe; movable.
class Http2Client {
 public:
  /// Connects with the first request. The URL's path is not used.
  explicit Http2Client(HttpUrl server, const HttpClientOptions& options = {});

  /// Sends and waits for the whole answer with its trailers, whatever its status. A kept connection
  /// that the server has closed, or that it says it began nothing more on (GOAWAY), is opened
  /// again, once. What Connector::Connect() says; Unavailable (kServerUnreachable): the connection
  /// broke, or the server broke the request off. DeadlineExceeded (kServerUnreachable): no answer
  /// in time. ResourceExhausted: an answer beyond the limits. DataLoss: not HTTP/2.
  Result<HttpAnswer> Send(const ClientRequest& request);

  const HttpUrl& server() const { return connector_.server(); }
  /// Whether there was a connection for the last request.
  bool WasConnected() const { return was_connected_; }
  /// False: the server did not begin the last request, so that sending it again runs it once.
  bool MayHaveBegun() const { return may_have_begun_; }

 private:
  bool IsKept();
  Status Connect(MonotonicTime deadline);
  void Disconnect();
  Result<HttpAnswer> Exchange(const ClientRequest& request);
  Status Converse(MonotonicTime deadline);
  Result<bool> Receive();
  bool Flush();
  Result<HttpAnswer> Conclude(MonotonicTime deadline);
  Status Late() const;

  Connector connector_;
  HttpClientOptions options_;
  Transport transport_;
  std::unique_ptr<Http2ClientSession> session_;  ///< of `transport_`
  bool was_connected_ = false;
  bool may_have_begun_ = false;
};

}  // namespace slipway::net
