#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "monitor/kept_request.h"
#include "telemetry/trace_context.h"

namespace slipway::monitor {

/// Decides which requests are of a trace, and which of those are exported: one whose caller says so
/// by its traceparent as the caller says (the flag "sampled", either way), of the others a share.
/// Not thread-safe.
class TraceSampler {
 public:
  /// `share` of the requests without a traceparent, 0 to 1; `exports`: false: nothing is, and a
  /// request is of a trace only by its caller.
  TraceSampler(double share, bool exports) : share_(share), exports_(exports) {}

  std::optional<RequestSpan> SpanFor(const std::optional<telemetry::TraceContext>& parent);

  /// An id that is not 0.
  telemetry::SpanId NewSpanId();

 private:
  void Fill(std::uint8_t* bytes, std::size_t count);

  const double share_;
  const bool exports_;
  std::mt19937_64 random_{[] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }()};
};

}  // namespace slipway::monitor
