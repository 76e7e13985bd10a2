#include "net/client/client_errors.h"

#include <fmt/format.h>

#include <utility>

#include "base/error_catalogue.h"

namespace slipway::net {

Status Unreachable(std::string message, std::string hint) {
  return Unavailable(std::move(message)).With(errors::kServerUnreachable).Hint(std::move(hint));
}

Status BrokeOff(const HttpUrl& server, std::string_view what) {
  return Unreachable(fmt::format("{} {}", server.Authority(), what),
                     "the server may have been stopped, or its log says why");
}

Status LateAnswer(const HttpUrl& server, std::chrono::milliseconds answer_timeout) {
  return DeadlineExceeded(fmt::format("no answer from {} in time: at most {} s", server.Authority(),
                                      static_cast<double>(answer_timeout.count()) / 1e3))
      .With(errors::kServerUnreachable)
      .Hint("the server is overloaded or stuck: its log and /metrics say more");
}

}  // namespace slipway::net
