#pragma once

#include <optional>
#include <string_view>

#include "net/http_server.h"
#include "net/http_types.h"
#include "net/refusal.h"

namespace slipway::net {

/// What Beast's parser takes and RFC 9112 or we do not. Pure; the same for every route.

/// Checks the bytes of a head that has not ended yet, so that an endless one is refused early.
/// `checked` bytes at its front were checked before.
std::optional<Refusal> CheckUnfinishedHead(std::string_view head, std::size_t checked,
                                           const HttpLimits& limits);

/// Checks a whole head, up to and including its empty line, as bytes: lengths (414, 431), the count
/// of headers, line ends, folded lines, the version (505). Characters are left to Beast.
std::optional<Refusal> CheckHeadBytes(std::string_view head, const HttpLimits& limits);

/// Checks what a parsed head says: Host, one way to tell the body's length, Expect.
std::optional<Refusal> CheckHead(const RequestHead& head, std::string_view target_authority);

/// True for "host", "host:8080", "[::1]:8080" with a port of at most 65535.
bool IsAuthority(std::string_view text);

/// True if the comma-separated list holds the token, in any case.
bool ListHasToken(std::string_view list, std::string_view token);

/// Whether the client wants the connection kept after the answer.
bool WantsKeepAlive(const RequestHead& head);

}  // namespace slipway::net
