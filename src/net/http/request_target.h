#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/http/head_memory.h"

namespace slipway::net {

/// The parts of a request's target: "/v2/models/a%2Db?x=1" or "http://host/v2".
struct RequestTarget {
  std::span<const std::string_view> segments;  ///< as RequestHead::segments
  std::string_view query;                      ///< after '?', a view of the target
  std::string_view authority;  ///< of an absolute target: "host:8080", a view of the target
};

/// Splits, then decodes each segment once; the list, and segments that had escapes, lie in
/// `memory`, the others are views of the target. InvalidArgument: neither absolute nor beginning
/// with '/' (nor the "*" of OPTIONS); a malformed escape; a segment that is "." or ".." or that
/// decodes to bytes no name has: '/', '\', control characters, malformed UTF-8. Linear.
Result<RequestTarget> ParseRequestTarget(std::string_view target, HeadMemory& memory);

/// The text with every %XX replaced; nullopt for a malformed escape.
std::optional<std::string> PercentDecode(std::string_view text);

}  // namespace slipway::net
