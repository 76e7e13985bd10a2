#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "access/caller.h"
#include "base/clock.h"
#include "net/http/http_types.h"
#include "serve/predict/answered_run.h"
#include "serve/predict/request_metrics.h"
#include "telemetry/request_event.h"

namespace slipway::serve {

/// An answer of any protocol that is about to be sent, for what counts and observes them.
struct SentAnswer {
  std::size_t route = 0;              ///< in the protocol's list; its size: of none
  int code = 0;                       ///< the protocol's: an HTTP status, or gRPC's number
  std::chrono::nanoseconds total{0};  ///< since the request's head
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::string_view model = {};  ///< as asked for; empty: of none, or not known
  unsigned loop = 0;
  const AnsweredRun* run = nullptr;  ///< absent: there was none
  MonotonicTime now = {};            ///< with `run`

  /// What observers are told of it, but for the route's pattern. Views of the head and of `name`.
  telemetry::RequestEvent EventOf(const net::RequestHead& head, const access::Caller* caller,
                                  RequestMetrics::RouteName name) const;
};

}  // namespace slipway::serve
