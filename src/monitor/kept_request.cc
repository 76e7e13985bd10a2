#include "monitor/kept_request.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kMostStateBytes = 512;

/// Of the codes of gRPC, those that its conventions for spans call a server's error: UNKNOWN,
/// DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
constexpr std::uint32_t kGrpcServerErrors =
    1U << 2 | 1U << 4 | 1U << 12 | 1U << 13 | 1U << 14 | 1U << 15;

}  // namespace

void KeptRequest::Keep(const telemetry::RequestEvent& event, WallTime now) {
  ended = now;
  protocol = event.protocol;
  route = event.route;
  pattern = event.pattern;
  method = event.method;
  caller = event.caller;
  peer.Set(event.peer);
  caller_id.Set(event.caller_id);
  request_id.Set(event.request_id);
  path.Set(event.path);
  model.Set(event.model);
  parent =
      event.traceparent.empty() ? std::nullopt : telemetry::ParseTraceparent(event.traceparent);
  const bool keeps_state = parent.has_value() && event.tracestate.size() <= kMostStateBytes;
  tracestate.Set(keeps_state ? std::string_view(event.tracestate) : std::string_view());
  span.reset();
  version = event.version;
  batch_rows = event.batch_rows;
  bytes_in = event.bytes_in;
  bytes_out = event.bytes_out;
  queue = event.queue;
  batch = event.batch;
  compute = event.compute;
  encode = event.encode;
  total = event.total;
  code = event.code;
  is_grpc = event.is_grpc;
  is_cached = event.is_cached;
}

bool KeptRequest::IsServerError() const {
  if (!is_grpc) return code >= 500;
  return code >= 0 && code < 32 && (kGrpcServerErrors >> code & 1U) != 0;
}

}  // namespace slipway::monitor
