#include "serve/remote/remote_outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/error_catalogue.h"
#include "serve/remote/oip_codec.h"

namespace slipway::serve {
namespace {

using Health = RemoteOutcome::Health;

struct AnswerRow {
  int status;
  Code code;  ///< for the ensemble's client
  ErrorNumber number;
  Health health;
  bool may_retry = false;
};

// Statuses that are neither 200 nor a refusal of the tensors. What this server is refused for is no
// fault of the ensemble's client.
constexpr std::array kAnswers = {
    AnswerRow{401, Code::kInternal, errors::kRemoteAnswer, Health::kAlive},
    AnswerRow{403, Code::kInternal, errors::kRemoteAnswer, Health::kAlive},
    AnswerRow{404, Code::kInternal, errors::kRemoteAnswer, Health::kAlive},
    AnswerRow{429, Code::kUnavailable, errors::kRemoteUnavailable, Health::kAlive},
    AnswerRow{502, Code::kUnavailable, errors::kRemoteUnavailable, Health::kFailing},
    AnswerRow{503, Code::kUnavailable, errors::kRemoteUnavailable, Health::kFailing, true},
    AnswerRow{504, Code::kDeadlineExceeded, errors::kRemoteUnavailable, Health::kFailing},
};

std::string Named(std::string_view server, std::string_view what) {
  return fmt::format("server \"{}\" {}", server, what);
}

RemoteOutcome Failure(Status status, Health health, bool may_retry = false) {
  return {.outputs = std::move(status), .health = health, .may_retry = may_retry};
}

RemoteOutcome OfNoAnswer(const RemoteCall& call, const Status& why) {
  if (why.code() == Code::kDeadlineExceeded) {
    return Failure(DeadlineExceeded(Named(call.server, "did not answer in time"))
                       .With(errors::kRemoteUnavailable),
                   call.had_time ? Health::kFailing : Health::kUnknown);
  }
  if (why.code() == Code::kUnavailable) {
    const std::string_view what =
        call.was_connected ? "ended the connection without an answer" : "cannot be reached";
    return Failure(Unavailable(Named(call.server, what)).With(errors::kRemoteUnavailable),
                   Health::kFailing, !call.was_connected);
  }
  const std::string_view what =
      why.number() == errors::kTlsUntrustedServer ? "has a certificate that is not trusted here"
      : why.code() == Code::kResourceExhausted    ? "answered with more bytes than are taken"
                                                  : "answered with something that is not HTTP";
  return Failure(Internal(Named(call.server, what)).With(errors::kRemoteAnswer), Health::kFailing);
}

RemoteOutcome OfRefusal(const RemoteCall& call, const net::HttpAnswer& answer) {
  Status said = StatusOfAnswer(answer);
  const std::string message = Named(call.server, fmt::format("says: {}", said.message()));
  const auto row = std::ranges::find(kAnswers, answer.status, &AnswerRow::status);
  if (row != kAnswers.end())
    return Failure(Status(row->code, message).With(row->number), row->health, row->may_retry);
  if (said.code() == Code::kInvalidArgument)
    return Failure(InvalidArgument(message), Health::kAlive);
  return Failure(Internal(message).With(errors::kRemoteAnswer), Health::kAlive);
}

}  // namespace

RemoteOutcome Judge(const RemoteCall& call, const Result<net::HttpAnswer>& answer) {
  if (!answer.ok()) return OfNoAnswer(call, answer.status());
  if (answer->status != 200) return OfRefusal(call, *answer);
  Result<std::vector<TensorBuffer>> outputs =
      DecodeInfer(answer->body, JsonBytesOf(*answer), call.outputs);
  if (outputs.ok()) return {.outputs = std::move(outputs)};
  return Failure(
      Internal(Named(call.server, outputs.status().message())).With(errors::kRemoteAnswer),
      Health::kFailing);
}

}  // namespace slipway::serve
