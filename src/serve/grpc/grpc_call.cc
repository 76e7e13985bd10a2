#include "serve/grpc/grpc_call.h"

#include <fmt/format.h>

#include <cstdint>

#include "base/error_catalogue.h"
#include "base/text.h"
#include "serve/grpc/grpc_status.h"
#include "serve/grpc/methods.h"
#include "serve/predict/client_deadline.h"
#include "serve/predict/request_rules.h"
#include "serve/protocol/outgoing_trace.h"

namespace slipway::serve::grpc {
namespace {

net::Response OkAnswer(OutboundMessage message) {
  net::Response answer;
  answer.content_type = "application/grpc";
  answer.text = std::move(message.text);
  answer.parts = std::move(message.parts);
  answer.trailers.emplace_back("grpc-status", "0");
  return answer;
}

}  // namespace

void GrpcContext::Count(const net::RequestHead& head, const access::Caller* caller,
                        const SentAnswer& answer) {
  metrics.Record(answer.route, answer.code, answer.total);
  if (answer.run != nullptr) CountEncoding(*answer.run, answer.now);
  Tell(head, caller, answer);
}

void GrpcContext::Tell(const net::RequestHead& head, const access::Caller* caller,
                       const SentAnswer& answer) const {
  if (parts.observer == nullptr) return;
  const bool is_known = answer.route < Methods().size();
  telemetry::RequestEvent event =
      answer.EventOf(head, caller, is_known ? Methods()[answer.route].name : kNoMethod);
  if (is_known) event.pattern = Methods()[answer.route].path;
  event.is_grpc = true;
  parts.observer->OnAnswered(event);
}

Result<ModelHandle> FindModel(const ModelSet& models, std::string_view name,
                              std::string_view version) {
  SLIPWAY_RETURN_IF_ERROR(CheckModelName(name));
  if (version.empty()) return models.Find(name, std::nullopt);
  SLIPWAY_TRY(const std::int64_t number, ParseVersion(version));
  return models.Find(name, number);
}

Result<std::optional<MonotonicTime>> DeadlineOf(const net::RequestHead& head,
                                                MonotonicTime received,
                                                std::optional<std::chrono::microseconds> wished,
                                                std::chrono::nanoseconds longest) {
  std::optional<std::chrono::nanoseconds> by_header;
  if (const std::string_view* const header = head.Find("grpc-timeout")) {
    SLIPWAY_TRY(by_header, ParseTimeout("grpc-timeout", *header));
  }
  return EarliestDeadline(received, by_header, wished, longest);
}

Result<std::vector<ModelHandle>> GrpcCall::FindAll(std::string_view name,
                                                   std::string_view version) const {
  SLIPWAY_TRY(ModelHandle first, Find(name, version));
  std::vector<ModelHandle> found = {std::move(first)};
  if (!version.empty()) return found;
  for (ModelHandle& model : parts().models.Ready()) {
    if ((*model)->name == name && model != found.front()) found.push_back(std::move(model));
  }
  return found;
}

Result<std::optional<MonotonicTime>> GrpcCall::Deadline(
    std::optional<std::chrono::microseconds> wished) const {
  return DeadlineOf(exchange_->head(), exchange_->received(), wished, parts().limits.max_deadline);
}

telemetry::TraceHeaders GrpcCall::TraceOf(std::string_view model) const {
  return OutgoingTrace(exchange_->head(), model, parts().sampler);
}

Status GrpcCall::Complete(InferRequest& request) const {
  SLIPWAY_TRY(request.deadline, Deadline(std::nullopt));
  request.loop = exchange_->loop();
  request.abandoned = [exchange = exchange_.get()] { return exchange->Abandoned(); };
  request.trace = [call = this, model = request.model.get()] {
    return call->TraceOf((*model)->name);
  };
  return {};
}

void GrpcCall::Answer(OutboundMessage message, const AnsweredRun* run) const {
  net::ContentCoding coding = message_.coding;
  if (coding != net::ContentCoding::kIdentity && !Accepts(exchange_->head(), coding))
    coding = net::ContentCoding::kIdentity;
  const Result<bool> is_compressed = Seal(coding, message);
  if (!is_compressed.ok()) return Fail(is_compressed.status());
  net::Response answer = OkAnswer(std::move(message));
  if (*is_compressed) answer.headers.emplace_back("grpc-encoding", net::CodingName(coding));
  Send(std::move(answer), Code::kOk, run);
}

void GrpcCall::Fail(const Status& status) const { Send(ErrorAnswer(status), status.code()); }

/// Before it is answered: whoever reads of an act's end finds it recorded.
void GrpcCall::Audit(Code code) const {
  const RpcMethod& method = Methods()[method_];
  if (parts().audit == nullptr || method.right != access::Right::kAdminister) return;
  const net::RequestHead& head = exchange_->head();
  parts().audit->Record({.caller = access::CallerOf(head),
                         .from = head.peer,
                         .protocol = "grpc",
                         .act = method.name.method,
                         .target = target_,
                         .result = code == Code::kOk ? "ok" : "failed",
                         .code = static_cast<int>(code)});
}

void GrpcCall::Send(net::Response response, Code code, const AnsweredRun* run) const {
  Audit(code);
  const MonotonicTime now = parts().clock.Now();
  const net::RequestHead& head = exchange_->head();
  context_->Count(head, access::CallerOf(head),
                  {.route = method_,
                   .code = static_cast<int>(code),
                   .total = now - exchange_->received(),
                   .bytes_in = exchange_->body().size(),
                   .bytes_out = response.BodyBytes(),
                   .model = target_,
                   .loop = exchange_->loop(),
                   .run = run,
                   .now = now});
  exchange_->Send(std::move(response));
}

}  // namespace slipway::serve::grpc
