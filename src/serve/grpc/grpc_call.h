#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "net/http/http_types.h"
#include "serve/control/alias_cache.h"
#include "serve/grpc/grpc_api.h"
#include "serve/grpc/message_frame.h"
#include "serve/predict/answered_run.h"
#include "serve/protocol/sent_answer.h"

namespace slipway::serve::grpc {

/// What the methods share. Outlives every call.
struct GrpcContext {
  GrpcApiParts parts;
  RequestMetrics metrics;
  AliasCache aliases{parts.control, parts.clock};

  /// Counts an answer, and tells the observer; before it is sent, which ends what `head` refers to.
  /// Its route is one of Methods().
  void Count(const net::RequestHead& head, const access::Caller* caller, const SentAnswer& answer);
  /// Tells the observer only: of one message of a stream.
  void Tell(const net::RequestHead& head, const access::Caller* caller,
            const SentAnswer& answer) const;
};

/// The model, and its version in digits ("": the highest that is ready). InvalidArgument: not a
/// name, not a version; NotFound, Unavailable as ModelSet::Find().
Result<ModelHandle> FindModel(const ModelSet& models, std::string_view name,
                              std::string_view version);

/// When the client stops waiting, by grpc-timeout from `received` on and by `wished`, but `longest`
/// after it at most; absent: it did not say. InvalidArgument: grpc-timeout is not digits and a
/// unit.
Result<std::optional<MonotonicTime>> DeadlineOf(const net::RequestHead& head,
                                                MonotonicTime received,
                                                std::optional<std::chrono::microseconds> wished,
                                                std::chrono::nanoseconds longest);

/// One call on its way through a method: cheap to copy, and whoever holds it may answer, once, from
/// any thread.
class GrpcCall {
 public:
  GrpcCall(GrpcContext& context, std::shared_ptr<net::Exchange> exchange, std::size_t method,
           InboundMessage message)
      : context_(&context),
        exchange_(std::move(exchange)),
        method_(method),
        message_(std::move(message)) {}

  const GrpcApiParts& parts() const { return context_->parts; }
  const std::shared_ptr<net::Exchange>& exchange() const { return exchange_; }
  /// The request's message; valid while a copy of this call lives.
  std::span<const std::byte> message() const { return message_.bytes; }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(message().data()), message().size()};
  }

  /// As FindModel().
  Result<ModelHandle> Find(std::string_view name, std::string_view version) const {
    return FindModel(parts().models, name, version);
  }
  /// The same, and without a version all that are ready, the highest first.
  Result<std::vector<ModelHandle>> FindAll(std::string_view name, std::string_view version) const;

  /// OutgoingTrace() of the call, which is for that model.
  telemetry::TraceHeaders TraceOf(std::string_view model) const;

  AliasCache& aliases() const { return context_->aliases; }
  /// Fills in what a request takes from its call: deadline, loop, and whether anybody waits.
  /// As DeadlineOf(). `request` keeps this call alive by its keeper.
  Status Complete(InferRequest& request) const;

  /// As DeadlineOf().
  Result<std::optional<MonotonicTime>> Deadline(
      std::optional<std::chrono::microseconds> wished) const;

  /// The same call, of which logs say that it was about that: a model, or whatever is administered.
  GrpcCall About(std::string target) const {
    GrpcCall call = *this;
    call.target_ = std::move(target);
    return call;
  }

  /// What is to be told of the run behind `response`, whose encoding begins now.
  AnsweredRun RunOf(const InferResponse& response, std::string_view request_id = {}) const {
    return AnsweredRun::Of(response, parts().clock.Now(), request_id);
  }

  /// Sends a message; compressed where the request's was, the client takes that and it is worth it.
  /// `run`: behind it; absent: none.
  void Answer(OutboundMessage message, const AnsweredRun* run = nullptr) const;
  void Fail(const Status& status) const;

 private:
  void Send(net::Response response, Code code, const AnsweredRun* run = nullptr) const;
  void Audit(Code code) const;

  GrpcContext* context_;
  std::shared_ptr<net::Exchange> exchange_;
  std::size_t method_;
  InboundMessage message_;
  std::string target_;  ///< the model that the call is about, or whatever an act is
};

}  // namespace slipway::serve::grpc
