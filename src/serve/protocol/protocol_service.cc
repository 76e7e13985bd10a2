#include "serve/protocol/protocol_service.h"

#include <utility>

namespace slipway::serve {

access::Admission ProtocolService::Admit(access::Door door, access::Right right,
                                         const net::RequestHead& head) const {
  if (Status wrong = access::CheckDoor(door, right); !wrong.ok())
    return {.status = std::move(wrong)};
  return gatekeeper_->Admit(right, head);
}

void ProtocolService::Serve(std::shared_ptr<net::Exchange> exchange) {
  access::Caller* const caller = access::CallerOf(exchange->head());
  if (caller != nullptr && caller->unchecked != nullptr)
    return CheckLogin(std::move(exchange), *caller);
  ServeAdmitted(std::move(exchange));
}

void ProtocolService::CheckLogin(std::shared_ptr<net::Exchange> exchange, access::Caller& caller) {
  gatekeeper_->Check(caller, [this, exchange](access::Admission verdict) {
    const auto admission = std::make_shared<access::Admission>(std::move(verdict));
    exchange->Post([this, exchange, admission] {
      if (!admission->status.ok()) return exchange->Send(RefuseLate(*exchange, *admission));
      *access::CallerOf(exchange->head()) = std::move(*admission->caller);
      ServeAdmitted(exchange);
    });
  });
}

}  // namespace slipway::serve
