#pragma once

#include <chrono>
#include <string>

#include "base/status.h"
#include "cli/load_report.h"
#include "net/http_url.h"
#include "net/tls_context.h"

namespace slipway::cli {

/// A closed loop over HTTP/1.1: every connection sends the same request again as soon as it has the
/// whole answer.
struct HttpLoadOptions {
  net::HttpUrl server;
  net::TlsClientOptions tls;
  std::string request;  ///< head and body, as sent
  unsigned connections = 1;
  std::chrono::milliseconds warm_up{300};  ///< answers of this time are not counted
  std::chrono::milliseconds duration{3000};
  /// Looks for answers without pause instead of sleeping until one comes. For a client with a core
  /// of its own: an answer to a client that sleeps costs the server the wake-up, which in a virtual
  /// machine can be more than all else it does for a small request.
  bool is_always_awake = false;
};

/// Runs on the calling thread with one epoll; latencies go from the first byte sent to the last one
/// received. Unavailable (kServerUnreachable): no connection, or one was closed. DeadlineExceeded:
/// not one answer came within the duration.
Result<LoadReport> RunHttpLoad(const HttpLoadOptions& options);

}  // namespace slipway::cli
