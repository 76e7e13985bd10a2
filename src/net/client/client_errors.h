#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/client/http_url.h"

namespace slipway::net {

// What clients say of a server that gives them no answer.

/// Unavailable (kServerUnreachable).
Status Unreachable(std::string message, std::string hint);
/// The same: it `what` ("closed the connection without an answer").
Status BrokeOff(const HttpUrl& server, std::string_view what);
/// DeadlineExceeded (kServerUnreachable).
Status LateAnswer(const HttpUrl& server, std::chrono::milliseconds answer_timeout);

}  // namespace slipway::net
