#pragma once

#include <optional>
#include <string_view>

#include "net/http_server.h"
#include "net/http_types.h"
#include "net/refusal.h"

namespace slipway::net {

/// Parses a whole head, up to and including its empty line, into `head` (freshly made, its `peer`
/// left alone; the bytes are copied), and checks it by every rule of head_rules.h. On a refusal
/// `head` holds what could be told so far. Pure; about half a microsecond for what clients send.
std::optional<Refusal> ParseRequestHead(std::string_view bytes, const HttpLimits& limits,
                                        RequestHead& head);

}  // namespace slipway::net
