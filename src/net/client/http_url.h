#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace slipway::net {

/// Where a server, or something on it, is: "http://127.0.0.1:8080/v2/models/mnist", or
/// "unix:/run/slipway/admin.sock". The port of a URL without one is that of its scheme.
struct HttpUrl {
  std::string host;  ///< a name or a numeric address, IPv6 without its brackets
  std::uint16_t port = 80;
  bool tls = false;         ///< true: https
  std::string path;         ///< as written, with '?' and what follows; "" when there is none
  std::string socket_path;  ///< of a socket of this machine, whose host is "localhost"; "": none

  /// "127.0.0.1:8080", as in a Host header and in messages; IPv6 in brackets.
  std::string Authority() const;
  /// "https://127.0.0.1:8080", "unix:/run/slipway/admin.sock".
  std::string Origin() const;
};

/// True for text that its writer means as a URL: it begins with a scheme.
bool LooksLikeUrl(std::string_view text);

/// Reads a URL; "127.0.0.1:8080" counts as one without its scheme. All of "unix:PATH" behind the
/// colon is the path of a socket. InvalidArgument (kUsage): no host, a port outside 1 to 65535,
/// user names, control characters. Unimplemented: schemes other than http and https.
Result<HttpUrl> ParseHttpUrl(std::string_view text);

}  // namespace slipway::net
