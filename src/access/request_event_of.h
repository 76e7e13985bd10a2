#pragma once

#include <string_view>

#include "access/caller.h"
#include "base/text.h"
#include "telemetry/request_event.h"

namespace slipway::access {

/// What observers are told of a request by its head (net::RequestHead), and by whose it is; the
/// rest is the protocol's to say. Views of the head.
template <class Head>
telemetry::RequestEvent EventOf(const Head& head, const Caller* caller) {
  telemetry::RequestEvent event;
  event.request = &head;
  event.path = head.target.substr(0, head.target.find('?'));
  event.peer = head.peer;
  event.caller = CallerKindName(caller == nullptr ? CallerKind::kAnonymous : caller->kind);
  if (caller != nullptr) event.caller_id = caller->id;
  if (const std::string_view* const id = head.Find("X-Request-Id")) event.request_id = *id;
  const std::string_view* const parent = head.Find("traceparent");
  if (parent == nullptr || head.Repeated("traceparent")) return event;
  event.traceparent = *parent;
  if (head.Find("tracestate") == nullptr) return event;
  for (const auto& header : head.headers) {
    if (!EqualsIgnoreCase(header.name, "tracestate")) continue;
    if (!event.tracestate.empty()) event.tracestate += ',';
    event.tracestate += header.value;
  }
  return event;
}

}  // namespace slipway::access
