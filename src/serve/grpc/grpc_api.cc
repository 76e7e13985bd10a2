#include "serve/grpc/grpc_api.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "serve/grpc/grpc_call.h"
#include "serve/grpc/grpc_status.h"
#include "serve/grpc/grpc_stream.h"
#include "serve/grpc/methods.h"
#include "serve/grpc/proto_message.h"

namespace slipway::serve {
namespace grpc {
namespace {

constexpr std::string_view kContentType = "application/grpc";

/// One name a method, and one behind them for calls that belong nowhere.
std::vector<RequestMetrics::RouteName> MethodNames() {
  std::vector<RequestMetrics::RouteName> names;
  for (const RpcMethod& method : Methods()) names.push_back(method.name);
  names.push_back(kNoMethod);
  return names;
}

/// application/grpc or application/grpc+proto, whatever parameters follow.
bool IsGrpcWithProtobuf(const std::string_view* header) {
  if (header == nullptr) return false;
  const std::string_view type = Trim(header->substr(0, header->find(';')));
  return EqualsIgnoreCase(type, kContentType) || EqualsIgnoreCase(type, "application/grpc+proto");
}

net::Response UnsupportedType(const std::string_view* header) {
  const std::string given = header == nullptr ? "none" : Printable(*header, 64);
  return net::Response::Text(
      415, "text/plain; charset=utf-8",
      fmt::format("content-type: {}; this path takes application/grpc and application/grpc+proto\n",
                  given));
}

std::string_view PathOf(const net::RequestHead& head) {
  return head.target.substr(0, head.target.find('?'));
}

Status UnknownMethod(const net::RequestHead& head) {
  return Unimplemented(fmt::format("unknown method \"{}\"", Printable(PathOf(head), 128)))
      .Hint("grpc.reflection.v1.ServerReflection lists the services");
}

class GrpcServices final : public GrpcApi {
 public:
  explicit GrpcServices(GrpcApiParts parts)
      : GrpcApi(parts.door, parts.gatekeeper, parts.predictor),
        context_{.parts = std::move(parts), .metrics = RequestMetrics(MethodNames())} {}

  bool Claims(const net::RequestHead& head) const override {
    if (head.version_major != 2) return false;
    const std::string_view* const type = head.Find("content-type");
    return (type != nullptr &&
            EqualsIgnoreCase(type->substr(0, kContentType.size()), kContentType)) ||
           FindMethod(PathOf(head)).has_value();
  }

  net::Response ErrorResponse(int status, std::string_view message,
                              const net::RequestHead* head) override {
    const Status refusal = StatusOfHttp(status, message);
    if (head != nullptr)
      context_.Count(*head, access::CallerOf(*head),
                     {.route = FindMethod(PathOf(*head)).value_or(Methods().size()),
                      .code = static_cast<int>(refusal.code())});
    return ErrorAnswer(refusal);
  }

  const RequestMetrics& requests() const override { return context_.metrics; }

 private:
  net::BodyPlan PlanAt(access::Door door, const net::RequestHead& head) override {
    const std::string_view* const type = head.Find("content-type");
    if (!IsGrpcWithProtobuf(type)) return Rejected(UnsupportedType(type));
    const std::optional<std::size_t> method = FindMethod(PathOf(head));
    if (head.method != net::Method::kPost)
      return Refused(head, method,
                     Unimplemented("gRPC calls are POST").With(errors::kMethodNotAllowed));
    if (!method.has_value()) return Refused(head, method, UnknownMethod(head));
    const RpcMethod& row = Methods()[*method];
    const Status served = CheckHead(head, row);
    if (!served.ok()) return Refused(head, method, served);
    access::Admission admission = Admit(door, row.right, head);
    if (!admission.status.ok()) {
      Audit(head, row, admission);
      return Refused(head, method, admission.status, admission.retry_after);
    }
    net::BodyPlan plan;
    if (row.open != nullptr) {
      plan.stream = Stream(head, *method, std::move(admission.caller));
      return plan;
    }
    plan.note = std::move(admission.caller);
    plan.max_bytes = MaxMessage(row) + kPrefixBytes;
    plan.forecast = row.forecast;
    plan.may_overlap = true;
    return plan;
  }

  void ServeAdmitted(std::shared_ptr<net::Exchange> exchange) override {
    const std::optional<std::size_t> index = FindMethod(PathOf(exchange->head()));
    if (!index.has_value()) return exchange->Send(ErrorAnswer(UnknownMethod(exchange->head())));
    const RpcMethod& method = Methods()[*index];
    Result<InboundMessage> message = Open(*exchange, method);
    const bool is_open = message.ok();
    const GrpcCall call(context_, std::move(exchange), *index,
                        is_open ? *message : InboundMessage{});
    if (!is_open) return call.Fail(message.status());
    method.handle(call);
  }

  net::Response RefuseLate(const net::Exchange& exchange,
                           const access::Admission& admission) override {
    const std::size_t method = *FindMethod(PathOf(exchange.head()));  // PlanAt() has found it
    Audit(exchange.head(), Methods()[method], admission);
    context_.Count(exchange.head(), nullptr,
                   {.route = method,
                    .code = static_cast<int>(admission.status.code()),
                    .total = context_.parts.clock.Now() - exchange.received(),
                    .loop = exchange.loop()});
    return ErrorAnswer(admission.status, admission.retry_after);
  }

  void Audit(const net::RequestHead& head, const RpcMethod& method,
             const access::Admission& admission) const {
    if (context_.parts.audit == nullptr || !access::IsAdministrative(method.right)) return;
    context_.parts.audit->Record({.caller = admission.caller.get(),
                                  .from = head.peer,
                                  .protocol = "grpc",
                                  .act = method.name.method,
                                  .target = {},
                                  .result = "refused",
                                  .code = static_cast<int>(admission.status.code())});
  }

  static Status CheckHead(const net::RequestHead& head, const RpcMethod& method) {
    if (method.handle == nullptr && method.open == nullptr)
      return Unimplemented(std::string(method.instead));
    return ParseMessageEncoding(head.Find("grpc-encoding")).status();
  }

  std::uint64_t MaxMessage(const RpcMethod& method) const {
    const GrpcApiLimits& limits = context_.parts.limits;
    return access::IsAdministrative(method.right) ? limits.max_admin_message_bytes
                                                  : limits.max_message_bytes;
  }

  Result<InboundMessage> Open(const net::Exchange& exchange, const RpcMethod& method) const {
    SLIPWAY_TRY(const net::ContentCoding coding,
                ParseMessageEncoding(exchange.head().Find("grpc-encoding")));
    return TakeOnlyMessage(exchange.body(), coding, MaxMessage(method));
  }

  std::shared_ptr<net::StreamHandler> Stream(const net::RequestHead& head, std::size_t method,
                                             std::shared_ptr<access::Caller> caller) {
    const RpcMethod& row = Methods()[method];
    MessageAssembler::Options messages{.max_bytes = MaxMessage(row)};
    const auto encoding = ParseMessageEncoding(head.Find("grpc-encoding"));
    if (encoding.ok()) messages.encoding = *encoding;  // CheckHead() refused what is not
    return std::make_shared<GrpcStream>(context_, method, messages, row.open(), std::move(caller));
  }

  /// Who calls a method that streams, or one that may, listens while it sends.
  net::BodyPlan Refused(const net::RequestHead& head, std::optional<std::size_t> method,
                        const Status& status, std::chrono::nanoseconds retry_after = {}) {
    context_.Count(
        head, nullptr,
        {.route = method.value_or(Methods().size()), .code = static_cast<int>(status.code())});
    net::BodyPlan plan = Rejected(ErrorAnswer(status, retry_after));
    plan.client_listens = !method.has_value() || Methods()[*method].open != nullptr;
    return plan;
  }

  static net::BodyPlan Rejected(net::Response response) {
    net::BodyPlan plan;
    plan.reject = std::move(response);
    return plan;
  }

  GrpcContext context_;
};

}  // namespace
}  // namespace grpc

std::unique_ptr<GrpcApi> GrpcApi::Create(GrpcApiParts parts) {
  grpc::SilenceProtobuf();
  return std::make_unique<grpc::GrpcServices>(std::move(parts));
}

}  // namespace slipway::serve
