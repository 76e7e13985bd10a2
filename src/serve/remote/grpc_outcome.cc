#include "serve/remote/grpc_outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "net/http/request_target.h"
#include "serve/remote/grpc_codec.h"
#include "serve/remote/http_outcome.h"

namespace slipway::serve {
namespace {

using Health = RemoteOutcome::Health;

constexpr std::size_t kMaxShown = 2000;

struct CodeRow {
  Code code;  ///< that the server says
  RefusalMeaning meaning;
};

// As the table of statuses has it for HTTP: RESOURCE_EXHAUSTED is 429, UNAVAILABLE is 503, and what
// this server is refused for (its key, a model that is not there) is any other.
constexpr std::array kCodes = {
    CodeRow{Code::kInvalidArgument, {Code::kInvalidArgument, ErrorNumber::kNone, Health::kAlive}},
    CodeRow{Code::kOutOfRange, {Code::kInvalidArgument, ErrorNumber::kNone, Health::kAlive}},
    CodeRow{Code::kFailedPrecondition,
            {Code::kInvalidArgument, ErrorNumber::kNone, Health::kAlive}},
    CodeRow{Code::kDeadlineExceeded,
            {Code::kDeadlineExceeded, errors::kRemoteUnavailable, Health::kFailing}},
    CodeRow{Code::kResourceExhausted,
            {Code::kUnavailable, errors::kRemoteUnavailable, Health::kAlive}},
    CodeRow{Code::kUnavailable,
            {Code::kUnavailable, errors::kRemoteUnavailable, Health::kFailing, true}},
};
constexpr RefusalMeaning kAnyOther{Code::kInternal, errors::kRemoteAnswer, Health::kAlive};

/// How a call ended, as the server says.
struct CallEnd {
  Code code = Code::kOk;
  std::string message;
};

const std::string* Find(const std::vector<net::Header>& fields, std::string_view name) {
  const auto field = std::ranges::find(fields, name, &net::Header::first);
  return field == fields.end() ? nullptr : &field->second;
}

/// nullopt: no server of gRPC ends a call so.
std::optional<CallEnd> EndOf(const net::HttpAnswer& answer) {
  const auto& fields = answer.trailers.empty() ? answer.headers : answer.trailers;
  const std::string* const status = Find(fields, "grpc-status");
  const auto number = status == nullptr ? std::nullopt : ParseUint64(*status);
  if (!number) return std::nullopt;
  constexpr auto kLast = static_cast<std::uint64_t>(Code::kUnauthenticated);
  CallEnd end{.code = *number <= kLast ? static_cast<Code>(*number) : Code::kUnknown,
              .message = fmt::format("status {}", *number)};
  const std::string* const message = Find(fields, "grpc-message");
  if (message != nullptr && !message->empty())
    end.message = Printable(net::PercentDecode(*message).value_or(*message), kMaxShown);
  return end;
}

Result<std::vector<TensorBuffer>> Outputs(const RemoteCall& call, std::string_view body) {
  SLIPWAY_TRY(const std::string_view message, OnlyMessage(body));
  return DecodeModelInfer(message, call.outputs);
}

/// Of what speaks HTTP/2 and not gRPC, as a proxy in between that reaches nobody.
RemoteOutcome OfHttp(const RemoteCall& call, int status) {
  const RefusalMeaning* const meaning = MeaningOfHttp(status);
  if (meaning == nullptr)
    return OutcomeOfAnswer(call, DataLoss("answered with something that is not a status of gRPC"));
  return OutcomeOfRefusal(call, *meaning, fmt::format("status {} of HTTP", status));
}

}  // namespace

RemoteOutcome JudgeGrpc(const RemoteCall& call, const Result<net::HttpAnswer>& answer) {
  if (!answer.ok()) return OutcomeOfNoAnswer(call, answer.status());
  const std::optional<CallEnd> end = EndOf(*answer);
  if (!end) return OfHttp(call, answer->status);
  if (end->code == Code::kOk) return OutcomeOfAnswer(call, Outputs(call, answer->body));
  const auto row = std::ranges::find(kCodes, end->code, &CodeRow::code);
  RefusalMeaning meaning = row == kCodes.end() ? kAnyOther : row->meaning;
  // A server that began to answer had begun the request.
  meaning.may_retry = meaning.may_retry && answer->trailers.empty();
  return OutcomeOfRefusal(call, meaning, end->message);
}

}  // namespace slipway::serve
