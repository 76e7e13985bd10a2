#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "net/client/http_url.h"
#include "net/socket/tls_context.h"
#include "serve/remote/circuit_breaker.h"

namespace slipway::serve {

/// How another server is spoken to.
enum class RemoteProtocol : std::uint8_t {
  kHttp,  ///< Open Inference Protocol v2 with binary tensors, over HTTP/1.1
  kGrpc,  ///< the same over gRPC: inference.GRPCInferenceService
};

/// A server that steps may name, as an operator says at the start.
struct RemoteServerOptions {
  static constexpr unsigned kMostTries = 3;  ///< of one request, the first included

  std::string name;
  net::HttpUrl url;  ///< its path comes before "/v2"; gRPC has none
  RemoteProtocol protocol = RemoteProtocol::kHttp;
  std::string key;  ///< sent as a bearer's; "": none
  net::TlsClientOptions tls;
  std::chrono::milliseconds timeout{10'000};  ///< of one request, all tries together
  unsigned connections = 16;                  ///< at once; each has a thread, which waits
  std::size_t max_queued = 256;               ///< requests that wait for a connection
  std::uint64_t max_answer_bytes = std::uint64_t{64} << 20;
  CircuitBreaker::Limits circuit;

  /// As an operator writes it: "https://10.1.2.3:8000", "grpc://10.1.2.3:8001".
  std::string Origin() const;
};

}  // namespace slipway::serve
