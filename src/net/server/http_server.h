#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "net/http/http_limits.h"
#include "net/http/http_types.h"
#include "net/socket/tls_certificates.h"

namespace slipway::net {

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: any free one
  unsigned loops = 1;         ///< event-loop threads
  /// Sockets that listen already, in the place of `address` and `port`; the server takes the
  /// descriptors out.
  std::vector<std::shared_ptr<FileDescriptor>> sockets;
  HttpLimits limits;
  std::shared_ptr<const TlsCertificates> tls;  ///< absent: clear text
};

struct ConnectionCounts {
  std::uint64_t open = 0;
  std::uint64_t accepted_total = 0;
  std::uint64_t refused_total = 0;
  std::uint64_t handshakes_failed_total = 0;  ///< of TLS
  std::uint64_t requests_total = 0;
  std::uint64_t requests_in_flight = 0;
  std::uint64_t dropped_in_drain_total = 0;
};

/// A server of HTTP/1.1 and HTTP/2, in clear text or through TLS: keep-alive, pipelining, chunked
/// and compressed bodies, 100-continue; strict where leniency is a risk (docs/security.md). One
/// acceptor, one event loop a thread, one connection object a socket, no coroutine or timer an
/// operation. Thread-safe.
class HttpServer {
 public:
  /// Binds and listens; serves from Start(). AlreadyExists (kAddressInUse). `service` outlives the
  /// server.
  static Result<std::unique_ptr<HttpServer>> Listen(const HttpServerOptions& options,
                                                    HttpService& service);
  virtual ~HttpServer() = default;

  /// Of the first of its sockets that has one; 0: none has.
  virtual std::uint16_t port() const = 0;
  virtual void Start() = 0;
  /// Stops accepting, answers what is in flight with "Connection: close", closes idle connections;
  /// waits at most `timeout` and returns how many requests were dropped then (0: nothing lost). Not
  /// to be called on a loop thread.
  virtual std::uint64_t Drain(std::chrono::milliseconds timeout) = 0;
  virtual ConnectionCounts Counts() const = 0;
  /// Whether every loop has given the sign of life that the call before asked for; asks for the
  /// next one if so. The first call says yes. One thread at a time; never waits.
  virtual bool LoopsAnswer() = 0;
};

}  // namespace slipway::net
