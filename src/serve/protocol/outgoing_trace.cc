#include "serve/protocol/outgoing_trace.h"

#include <optional>
#include <string>

#include "access/request_event_of.h"

namespace slipway::serve {

telemetry::TraceHeaders OutgoingTrace(const net::RequestHead& head, std::string_view model,
                                      telemetry::TraceSampler& sampler) {
  telemetry::TraceHeaders callers = CallersTrace(head);
  const auto parent = telemetry::ParseTraceparent(callers.traceparent);
  const std::optional<telemetry::RequestSpan> span = sampler.SpanAhead(&head, parent, model);
  const bool goes_on_here = span && (span->is_sampled || !parent);
  if (!goes_on_here) return callers;
  return {
      .traceparent = telemetry::ToTraceparent(
          {.trace_id = span->trace_id, .parent_id = span->span_id, .is_sampled = span->is_sampled}),
      .tracestate = std::move(callers.tracestate)};
}

telemetry::TraceHeaders CallersTrace(const net::RequestHead& head) {
  const telemetry::RequestEvent event = access::EventOf(head, nullptr);
  if (!telemetry::ParseTraceparent(event.traceparent)) return {};
  const bool has_state = telemetry::IsTracestate(event.tracestate);
  return {.traceparent = std::string(event.traceparent),
          .tracestate = has_state ? event.tracestate : std::string()};
}

}  // namespace slipway::serve
