#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace slipway::cli {

/// A closed loop over HTTP/1.1: every connection sends the same request again as soon as it has the
/// whole answer.
struct HttpLoadOptions {
  std::string address;  ///< numeric: "127.0.0.1"
  std::uint16_t port = 0;
  std::string request;  ///< head and body, as sent
  unsigned connections = 1;
  std::chrono::milliseconds warm_up{300};  ///< answers of this time are not counted
  std::chrono::milliseconds duration{3000};
  std::chrono::milliseconds answer_timeout{30'000};
};

struct HttpLoadReport {
  std::uint64_t answers = 0;   ///< status 200, counted after the warm-up
  std::uint64_t failures = 0;  ///< any other status
  double seconds = 0;
  std::vector<float> latencies;  ///< seconds from the first byte sent to the last received, sorted
  /// The latency that a share of the answers does not exceed; 0 when there are none.
  double Quantile(double share) const;
};

/// Runs on the calling thread with one epoll. Unavailable (kServerUnreachable): no connection, or
/// one was closed. DeadlineExceeded: an answer did not come in time.
Result<HttpLoadReport> RunHttpLoad(const HttpLoadOptions& options);

}  // namespace slipway::cli
