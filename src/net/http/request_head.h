#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "net/http/http_limits.h"
#include "net/http/http_types.h"
#include "net/http/refusal.h"

namespace slipway::net {

/// Checks the bytes of a head that has not ended yet, so that an endless one is refused early.
/// `checked` bytes at its front were checked before. Pure.
std::optional<Refusal> CheckUnfinishedHead(std::string_view head, std::size_t checked,
                                           const HttpLimits& limits);

/// Parses a whole head, up to and including its empty line, into `head` (freshly made, its `peer`
/// left alone; the bytes are copied), and checks it: lengths (414, 431), the count of headers, line
/// ends, folded lines, the version (505), every character, and the rules of head_rules.h. On a
/// refusal `head` holds what could be told so far. Pure; one pass over the bytes and, for what
/// clients send, one allocation.
std::optional<Refusal> ParseRequestHead(std::string_view bytes, const HttpLimits& limits,
                                        RequestHead& head);

}  // namespace slipway::net
