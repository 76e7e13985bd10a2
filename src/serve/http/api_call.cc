#include "serve/http/api_call.h"

#include <utility>

#include "serve/http/routes.h"
#include "serve/predict/client_deadline.h"
#include "serve/predict/request_rules.h"
#include "serve/protocol/outgoing_trace.h"

namespace slipway::serve {

void ApiContext::Count(const net::RequestHead& head, const SentAnswer& answer) {
  metrics.Record(answer.route, answer.code, answer.total);
  if (answer.run != nullptr) CountEncoding(*answer.run, answer.now);
  if (parts.observer == nullptr) return;
  const bool has_route = answer.route < Routes().size();
  telemetry::RequestEvent event = answer.EventOf(
      head, access::CallerOf(head), has_route ? Routes()[answer.route].name : kNoRoute);
  if (has_route) event.pattern = Routes()[answer.route].pattern;
  parts.observer->OnAnswered(event);
}

Result<std::string_view> ApiCall::ModelName() const {
  const std::string_view name = captures_["model"];
  SLIPWAY_RETURN_IF_ERROR(CheckModelName(name));
  return name;
}

Result<std::optional<std::int64_t>> ApiCall::Version() const {
  const std::string_view text = captures_["version"];
  if (text.empty()) return std::optional<std::int64_t>();
  SLIPWAY_TRY(const std::int64_t version, ParseVersion(text));
  return std::optional<std::int64_t>(version);
}

telemetry::TraceHeaders ApiCall::Trace() const {
  return OutgoingTrace(head(), captures_["model"], parts().sampler);
}

Result<std::optional<MonotonicTime>> ApiCall::Deadline(
    std::optional<std::chrono::microseconds> wished) const {
  std::optional<std::chrono::nanoseconds> by_header;
  if (const std::string_view* const header = head().Find(kTimeoutHeader)) {
    SLIPWAY_TRY(by_header, ParseTimeout(kTimeoutHeader, *header));
  }
  return EarliestDeadline(exchange_->received(), by_header, wished, parts().limits.max_deadline);
}

/// Before it is answered: whoever reads of an act's end finds it recorded.
void ApiCall::Audit(int status) const {
  if (parts().audit == nullptr || Routes()[route_].right != access::Right::kAdminister) return;
  parts().audit->Record({.caller = access::CallerOf(head()),
                         .from = head().peer,
                         .protocol = "http",
                         .act = Routes()[route_].name.method,
                         .target = head().target,
                         .result = status < 400 ? "ok" : "failed",
                         .code = status});
}

void ApiCall::Send(net::Response response, const AnsweredRun* run) const {
  Audit(response.status);
  const MonotonicTime now = parts().clock.Now();
  context_->Count(head(), {.route = route_,
                           .code = response.status,
                           .total = now - exchange_->received(),
                           .bytes_in = body().size(),
                           .bytes_out = response.BodyBytes(),
                           .model = captures_["model"],
                           .loop = exchange_->loop(),
                           .run = run,
                           .now = now});
  parts().cors.Permit(head(), response);
  exchange_->Send(std::move(response));
}

void ApiCall::SendJson(std::string json) const {
  Send(net::Response::Text(200, "application/json", std::move(json)));
}

void ApiCall::Fail(const Status& status) const { Send(ErrorAnswer(status, form_)); }

void ApiCall::Answer(Result<net::Response> response, const AnsweredRun* run) const {
  if (!response.ok()) return Fail(response.status());
  Send(std::move(*response), run);
}

}  // namespace slipway::serve
