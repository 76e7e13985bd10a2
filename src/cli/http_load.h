#pragma once

#include <chrono>
#include <string>

#include "base/status.h"
#include "cli/load_report.h"
#include "net/client/http_url.h"
#include "net/socket/tls_context.h"

namespace slipway::cli {

/// The same request over HTTP/1.1 again and again. A closed loop: every connection sends it as soon
/// as it has the whole answer to the last one. An open loop: it is sent at a fixed rate, whatever
/// the answers do.
struct HttpLoadOptions {
  net::HttpUrl server;
  net::TlsClientOptions tls;
  std::string request;  ///< head and body, as sent
  unsigned connections = 1;
  /// Requests a second; 0: a closed loop. What is due while every connection waits for an answer is
  /// sent when one is free, and its latency goes from when it was due.
  double rate = 0;
  std::chrono::milliseconds warm_up{300};  ///< answers of this time are not counted
  std::chrono::milliseconds duration{3000};
  /// Looks for answers without pause instead of sleeping until one comes. For a client with a core
  /// of its own: an answer to a client that sleeps costs the server the wake-up, which in a virtual
  /// machine can be more than all else it does for a small request.
  bool is_always_awake = false;
  /// Nothing is sent after the duration, and what was sent until then is waited for (at most a
  /// minute) and counted. For measuring what an answer costs: otherwise the server has worked on
  /// requests that are not among the answers.
  bool waits_for_the_last = false;
};

/// Runs on the calling thread with one epoll; latencies go from the first byte sent, or due, to the
/// last one received. Unavailable (kServerUnreachable): no connection, or one was closed.
/// DeadlineExceeded: not one answer came within the duration.
Result<LoadReport> RunHttpLoad(const HttpLoadOptions& options);

}  // namespace slipway::cli
