#include "serve/remote/remote_outcome.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/error_catalogue.h"

namespace slipway::serve {
namespace {

using Health = RemoteOutcome::Health;

std::string Named(std::string_view server, std::string_view what) {
  return fmt::format("server \"{}\" {}", server, what);
}

RemoteOutcome Failure(Status status, Health health, bool may_retry = false) {
  return {.outputs = std::move(status), .health = health, .may_retry = may_retry};
}

std::string_view WhyUnavailable(const RemoteCall& call) {
  if (!call.was_connected) return "cannot be reached";
  return call.may_have_begun ? "broke off without an answer" : "did not take the request";
}

std::string_view WhyNonsense(const Status& why) {
  if (why.number() == errors::kTlsUntrustedServer)
    return "has a certificate that is not trusted here";
  if (why.code() == Code::kResourceExhausted) return "answered with more bytes than are taken";
  return "answered with something that is not HTTP";
}

}  // namespace

RemoteOutcome OutcomeOfNoAnswer(const RemoteCall& call, const Status& why) {
  if (why.code() == Code::kDeadlineExceeded) {
    return Failure(DeadlineExceeded(Named(call.server, "did not answer in time"))
                       .With(errors::kRemoteUnavailable),
                   Health::kFailing);
  }
  if (why.code() == Code::kUnavailable) {
    return Failure(
        Unavailable(Named(call.server, WhyUnavailable(call))).With(errors::kRemoteUnavailable),
        Health::kFailing, !call.may_have_begun);
  }
  return Failure(Internal(Named(call.server, WhyNonsense(why))).With(errors::kRemoteAnswer),
                 Health::kFailing);
}

RemoteOutcome OutcomeOfRefusal(const RemoteCall& call, const RefusalMeaning& meaning,
                               std::string_view says) {
  std::string message = Named(call.server, fmt::format("says: {}", says));
  return Failure(Status(meaning.code, std::move(message)).With(meaning.number), meaning.health,
                 meaning.may_retry);
}

RemoteOutcome OutcomeOfAnswer(const RemoteCall& call, Result<std::vector<TensorBuffer>> outputs) {
  if (outputs.ok()) return {.outputs = std::move(outputs)};
  return Failure(
      Internal(Named(call.server, outputs.status().message())).With(errors::kRemoteAnswer),
      Health::kFailing);
}

void ExcuseLateness(RemoteOutcome& outcome) {
  if (outcome.outputs.status().code() == Code::kDeadlineExceeded) outcome.health = Health::kUnknown;
}

}  // namespace slipway::serve
