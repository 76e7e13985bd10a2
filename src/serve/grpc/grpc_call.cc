#include "serve/grpc/grpc_call.h"

#include <fmt/format.h>

#include <cstdint>

#include "base/error_catalogue.h"
#include "base/text.h"
#include "serve/grpc/grpc_status.h"
#include "serve/grpc/methods.h"
#include "serve/predict/client_deadline.h"
#include "serve/predict/request_rules.h"

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

Status GrpcCall::Complete(InferRequest& request) const {
  SLIPWAY_TRY(request.deadline, Deadline(std::nullopt));
  request.loop = exchange_->loop();
  request.abandoned = [exchange = exchange_.get()] { return exchange->Abandoned(); };
  return {};
}

void GrpcCall::Answer(OutboundMessage message) const {
  net::ContentCoding coding = message_.coding;
  if (coding != net::ContentCoding::kIdentity && !Accepts(exchange_->head(), coding))
    coding = net::ContentCoding::kIdentity;
  const Result<bool> is_compressed = Seal(coding, message);
  if (!is_compressed.ok()) return Fail(is_compressed.status());
  net::Response answer = OkAnswer(std::move(message));
  if (*is_compressed) answer.headers.emplace_back("grpc-encoding", net::CodingName(coding));
  Send(std::move(answer), Code::kOk);
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

void GrpcCall::Send(net::Response response, Code code) const {
  Audit(code);
  context_->metrics.Record(method_, static_cast<int>(code),
                           parts().clock.Now() - exchange_->received());
  exchange_->Send(std::move(response));
}

}  // namespace slipway::serve::grpc
