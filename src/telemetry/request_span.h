#pragma once

#include <optional>

#include "telemetry/trace_context.h"

namespace slipway::telemetry {

/// What a request is called in its trace.
struct RequestSpan {
  TraceId trace_id{};
  SpanId span_id{};
  std::optional<SpanId> parent_id;  ///< the caller's
  bool is_sampled = false;          ///< it is exported
};

}  // namespace slipway::telemetry
