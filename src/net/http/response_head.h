#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http/http_types.h"

namespace slipway::net {

/// What the connection decides about an answer.
struct ResponseFraming {
  std::uint64_t content_length = 0;
  std::string_view date;  ///< as FormatHttpDate()
  bool close = false;
  bool say_keep_alive = false;  ///< to a client of HTTP/1.0 that asked for it
};

/// False for 1xx, 204 and 304, which have neither a body nor its length.
bool MayHaveBody(int status);

/// "Not Found".
std::string_view ReasonPhrase(int status);

/// Appends the status line, the response's headers and the framing's, and the empty line. Control
/// characters in a value, which could end the header, become spaces.
void AppendResponseHead(const Response& response, const ResponseFraming& framing, std::string& out);

/// The bytes of an answer behind which the connection ends; only its text is its body.
std::string WholeAnswer(const Response& response, std::string_view date);

/// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string FormatHttpDate(std::int64_t unix_seconds);

}  // namespace slipway::net
