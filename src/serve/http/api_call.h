#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/http/http_types.h"
#include "net/http/router.h"
#include "serve/control/alias_cache.h"
#include "serve/http/admin_handlers.h"
#include "serve/http/http_api.h"
#include "serve/http/status_mapping.h"
#include "serve/predict/answered_run.h"
#include "serve/predict/request_metrics.h"
#include "serve/protocol/sent_answer.h"

namespace slipway::serve {

/// What handlers share. Outlives every call.
struct ApiContext {
  HttpApiParts parts;
  AdminHandlers admin;
  RequestMetrics metrics;
  AliasCache aliases;

  /// Counts an answer, and tells the observer; before it is sent, which ends what `head` refers to.
  /// Its route is one of Routes().
  void Count(const net::RequestHead& head, const SentAnswer& answer);
};

/// A client's word for how long it waits.
inline constexpr std::string_view kTimeoutHeader = "Slipway-Timeout";

/// One request on its way through a handler: cheap to copy, and whoever holds it may answer, once,
/// from any thread.
class ApiCall {
 public:
  ApiCall(ApiContext& context, std::shared_ptr<net::Exchange> exchange, net::RouteCaptures captures,
          std::size_t route, ErrorForm form)
      : context_(&context),
        exchange_(std::move(exchange)),
        captures_(captures),
        route_(route),
        form_(form) {}

  ApiContext& context() const { return *context_; }
  const HttpApiParts& parts() const { return context_->parts; }
  const net::RequestHead& head() const { return exchange_->head(); }
  std::span<const std::byte> body() const { return exchange_->body(); }
  std::string_view text() const {
    return {reinterpret_cast<const char*>(body().data()), body().size()};
  }
  const std::shared_ptr<net::Exchange>& exchange() const { return exchange_; }

  /// The {model} of the path. InvalidArgument: not a model's name.
  Result<std::string_view> ModelName() const;
  /// The {version} of the path, absent where the route has none. InvalidArgument: not a positive
  /// integer.
  Result<std::optional<std::int64_t>> Version() const;
  /// OutgoingTrace() of the request, which is for the model of the path.
  telemetry::TraceHeaders Trace() const;
  std::string_view Capture(std::string_view name) const { return captures_[name]; }

  /// When the client stops waiting, by the header Slipway-Timeout and `wished`; absent: it did not
  /// say. InvalidArgument: the header is not digits and a unit.
  Result<std::optional<MonotonicTime>> Deadline(
      std::optional<std::chrono::microseconds> wished) const;

  /// What is to be told of the run behind `response`, whose encoding begins now.
  AnsweredRun RunOf(const InferResponse& response, std::string_view request_id = {}) const {
    return AnsweredRun::Of(response, parts().clock.Now(), request_id);
  }

  /// `run`: behind this answer; absent: none.
  void Send(net::Response response, const AnsweredRun* run = nullptr) const;
  void SendJson(std::string json) const;
  void Fail(const Status& status) const;
  void Answer(Result<net::Response> response, const AnsweredRun* run = nullptr) const;

 private:
  void Audit(int status) const;

  ApiContext* context_;
  std::shared_ptr<net::Exchange> exchange_;
  net::RouteCaptures captures_;
  std::size_t route_;
  ErrorForm form_;
};

}  // namespace slipway::serve
