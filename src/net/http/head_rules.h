#pragma once

#include <optional>
#include <string_view>

#include "net/http/http_limits.h"
#include "net/http/http_types.h"
#include "net/http/refusal.h"

namespace slipway::net {

// What RFC 9110 and 9112 ask of a head, or we do. Pure; the same for every route.

/// How many characters at the front may stand in a token: a method or a header's name.
std::size_t TokenLength(std::string_view text);
/// True if there is no control character and no space.
bool IsVisible(std::string_view text);
/// True if there is no control character but tabs.
bool IsFieldValue(std::string_view text);

/// Checks what a parsed head says: Host, one way to tell the body's length, Expect,
/// Connection.
std::optional<Refusal> CheckHead(const RequestHead& head, std::string_view target_authority);

/// True for "host", "host:8080", "[::1]:8080" with a port of at most 65535.
bool IsAuthority(std::string_view text);

/// True if the comma-separated list holds the token, in any case.
bool ListHasToken(std::string_view list, std::string_view token);

/// Whether the client wants the connection kept after the answer.
bool WantsKeepAlive(const RequestHead& head);

}  // namespace slipway::net
