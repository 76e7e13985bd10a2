#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "net/client/answer_parser.h"
#include "net/client/connector.h"
#include "net/client/http_url.h"
#include "net/http/http_types.h"

namespace slipway::net {

struct HttpClientOptions {
  std::chrono::milliseconds connect_timeout{5'000};  ///< for each address of the host's name
  std::chrono::milliseconds answer_timeout{
      60'000};  ///< from the first byte sent to the last received
  AnswerLimits limits;
  TlsClientOptions tls;
  int interrupt = -1;  ///< a descriptor of the caller's: once it is readable, nothing is waited for
};

/// A request of a tool. Views must live until Send() returns.
struct ClientRequest {
  std::string_view method = "GET";
  std::string_view target = "/";
  std::vector<Header> headers;  ///< without Host and Content-Length
  std::string_view body;
  std::span<const std::string_view> more_body = {};  ///< goes on behind `body`
  MonotonicTime deadline = MonotonicTime::max();     ///< of connecting and of the whole answer

  std::uint64_t BodyBytes() const;
};

/// The head of the request as it is sent, with Host and Content-Length.
std::string EncodeHead(const ClientRequest& request, const HttpUrl& server);

/// A blocking HTTP/1.1 client for tools: one connection, kept alive between requests, through TLS
/// where the URL says https. No redirects, no compression. Not thread-safe; movable.
class HttpClient {
 public:
  /// Connects with the first request. The URL's path is not used.
  explicit HttpClient(HttpUrl server, const HttpClientOptions& options = {});

  /// Sends and waits for the whole answer, whatever its status. A kept connection that the server
  /// closed meanwhile is opened again, once. What Connector::Connect() says; Unavailable
  /// (kServerUnreachable): the connection broke. DeadlineExceeded (kServerUnreachable): no answer
  /// in time. ResourceExhausted: an answer beyond the limits. DataLoss: not HTTP.
  Result<HttpAnswer> Send(const ClientRequest& request);

  const HttpUrl& server() const { return connector_.server(); }
  /// Whether there was a connection for the last request, so that some of it may have arrived.
  bool WasConnected() const { return was_connected_; }

 private:
  Result<HttpAnswer> Exchange(const ClientRequest& request, const std::string& head);
  Result<bool> SendAll(std::vector<std::string_view> parts, MonotonicTime deadline);
  Result<HttpAnswer> Receive(AnswerParser parser, MonotonicTime deadline);

  Connector connector_;
  HttpClientOptions options_;
  Transport transport_;
  bool was_connected_ = false;
  bool answer_began_ = false;  ///< of the request in hand: it may not be sent again
};

}  // namespace slipway::net
