#pragma once

#include <string>

#include "base/status.h"
#include "net/http/http_types.h"
#include "serve/predict/error_text.h"

namespace slipway::serve {

/// How an error's body looks.
enum class ErrorForm : std::uint8_t {
  kPlain,    ///< {"error":"..."}: Open Inference v2 and TensorFlow Serving
  kProblem,  ///< RFC 9457 with `code`, `detail`, `pointer` and `error`: admin routes, and who asks
};

/// The status line of a failure: the error catalogue's where it has one, else by code.
/// Precondition: !status.ok().
int HttpCode(const Status& status);

/// The only way from a Status to an answer on the wire. Says when to come back (Retry-After) where
/// that is the remedy.
net::Response ErrorAnswer(const Status& status, ErrorForm form);

/// The same for an error that a listener found: a status line and a sentence.
net::Response ErrorAnswer(int http_code, std::string_view message, ErrorForm form);

/// Says in an error's answer when to ask again, instead of what it says by itself.
void SetRetryAfter(std::string seconds, net::Response& answer);

/// kProblem where the client accepts application/problem+json.
ErrorForm WishedErrorForm(const net::RequestHead& head);

}  // namespace slipway::serve
