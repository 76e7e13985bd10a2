#pragma once

#include <span>
#include <string>
#include <string_view>

#include "monitor/kept_request.h"
#include "telemetry/trace_sampler.h"

namespace slipway::monitor {

/// The body of a POST to /v1/traces (OTLP/HTTP 1.x, encoded as JSON): one span of kind SERVER for
/// each request, named "v2 infer", and below it one for each of queue, batch, compute and encode
/// that took time. Attributes by the semantic conventions of HTTP and RPC where they have a name,
/// else slipway.*; the stages are laid end to end before the answer, as they are measured as
/// lengths. Precondition: every request has a span. `ids` names the children.
std::string EncodeSpans(std::span<const KeptRequest> requests, std::string_view service,
                        telemetry::TraceSampler& ids);

}  // namespace slipway::monitor
