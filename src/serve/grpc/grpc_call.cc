#include "serve/grpc/grpc_call.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>

#include "base/error_catalogue.h"
#include "base/text.h"
#include "serve/grpc/grpc_status.h"
#include "serve/predict/client_deadline.h"
#include "serve/predict/request_rules.h"

namespace slipway::serve::grpc {
namespace {

constexpr std::size_t kWorthCompressing = 256;

net::Response OkAnswer(OutboundMessage message) {
  net::Response answer;
  answer.content_type = "application/grpc";
  answer.text = std::move(message.text);
  answer.parts = std::move(message.parts);
  answer.trailers.emplace_back("grpc-status", "0");
  return answer;
}

/// The same message, compressed; nullopt without memory.
std::optional<OutboundMessage> Packed(net::ContentCoding coding, const OutboundMessage& message) {
  std::vector<net::BodyPart> parts = {
      {.bytes = std::as_bytes(std::span(message.text)).subspan(kPrefixBytes), .keeper = nullptr}};
  parts.insert(parts.end(), message.parts.begin(), message.parts.end());
  const std::optional<std::string> bytes = net::Compress(coding, parts);
  if (!bytes.has_value()) return std::nullopt;
  OutboundMessage packed;
  packed.text += *bytes;
  return packed;
}

}  // namespace

Result<ModelHandle> GrpcCall::Find(std::string_view name, std::string_view version) const {
  SLIPWAY_RETURN_IF_ERROR(CheckModelName(name));
  if (version.empty()) return parts().models.Find(name, std::nullopt);
  SLIPWAY_TRY(const std::int64_t number, ParseVersion(version));
  return parts().models.Find(name, number);
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
  std::optional<std::chrono::nanoseconds> by_header;
  if (const std::string_view* const header = exchange_->head().Find("grpc-timeout")) {
    SLIPWAY_TRY(by_header, ParseTimeout("grpc-timeout", *header));
  }
  return EarliestDeadline(exchange_->received(), by_header, wished, parts().limits.max_deadline);
}

bool GrpcCall::MayCompress(std::uint64_t bytes) const {
  if (message_.coding == net::ContentCoding::kIdentity || bytes < kWorthCompressing) return false;
  const std::string_view* const accepted = exchange_->head().Find("grpc-accept-encoding");
  if (accepted == nullptr) return false;
  for (const std::string_view coding : Split(*accepted, ',')) {
    if (Trim(coding) == net::CodingName(message_.coding)) return true;
  }
  return false;
}

void GrpcCall::Answer(OutboundMessage message) const {
  const bool is_compressed = MayCompress(message.Bytes());
  if (is_compressed) {
    std::optional<OutboundMessage> packed = Packed(message_.coding, message);
    if (!packed.has_value()) return Fail(ResourceExhausted("no memory to compress the answer"));
    message = std::move(*packed);
  }
  const std::uint64_t bytes = message.Bytes();
  if (bytes > std::numeric_limits<std::uint32_t>::max()) {
    return Fail(
        ResourceExhausted(fmt::format("the answer has {} bytes, more than a message", bytes)));
  }
  message.text.replace(0, kPrefixBytes,
                       MessagePrefix(is_compressed, static_cast<std::uint32_t>(bytes)));
  net::Response answer = OkAnswer(std::move(message));
  if (is_compressed) answer.headers.emplace_back("grpc-encoding", net::CodingName(message_.coding));
  Send(std::move(answer), Code::kOk);
}

void GrpcCall::AnswerFramed(std::string messages) const {
  Send(OkAnswer({.text = std::move(messages), .parts = {}}), Code::kOk);
}

void GrpcCall::Fail(const Status& status) const { Send(ErrorAnswer(status), status.code()); }

void GrpcCall::Send(net::Response response, Code code) const {
  context_->metrics.Record(method_, static_cast<int>(code),
                           parts().clock.Now() - exchange_->received());
  exchange_->Send(std::move(response));
}

}  // namespace slipway::serve::grpc
