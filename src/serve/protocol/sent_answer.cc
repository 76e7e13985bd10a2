#include "serve/protocol/sent_answer.h"

#include "access/request_event_of.h"

namespace slipway::serve {

telemetry::RequestEvent SentAnswer::EventOf(const net::RequestHead& head,
                                            const access::Caller* caller,
                                            RequestMetrics::RouteName name) const {
  telemetry::RequestEvent event = access::EventOf(head, caller);
  event.protocol = name.protocol;
  event.route = name.method;
  event.method = net::MethodName(head.method);
  event.model = model;
  event.code = code;
  event.bytes_in = bytes_in;
  event.bytes_out = bytes_out;
  event.total = total;
  event.loop = loop;
  if (run != nullptr) TellRun(*run, now, event);
  return event;
}

}  // namespace slipway::serve
