#include "net/client/http_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "net/socket/local_socket.h"

namespace slipway::net {

namespace {

constexpr std::string_view kSchemeEnd = "://";

Status Invalid(std::string_view text, std::string_view what) {
  return InvalidArgument(fmt::format("\"{}\" {}", Printable(text, 160), what))
      .With(errors::kUsage)
      .Hint("write it like http://127.0.0.1:8080");
}

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

/// What stands behind the scheme; sets what the scheme says.
Result<std::string_view> TakeScheme(std::string_view text, HttpUrl& url) {
  const std::size_t end = text.find(kSchemeEnd);
  if (end == std::string_view::npos) return text;
  const std::string_view scheme = text.substr(0, end);
  url.tls = EqualsIgnoreCase(scheme, "https");
  url.port = url.tls ? kHttpsPort : kHttpPort;
  if (url.tls || EqualsIgnoreCase(scheme, "http")) return text.substr(end + kSchemeEnd.size());
  return Unimplemented(fmt::format("\"{}\": the scheme {} is not supported, only http and https",
                                   Printable(text, 160), Printable(scheme, 16)))
      .Hint("write it like https://model.example:8080");
}

/// Splits "host:port", "[::1]:port" or "host"; the port's text is empty when there is none.
std::pair<std::string_view, std::string_view> SplitAuthority(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return {};
    const std::string_view rest = authority.substr(end + 1);
    if (!rest.empty() && (rest[0] != ':' || rest.size() == 1)) return {};
    return {authority.substr(1, end - 1), rest.empty() ? rest : rest.substr(1)};
  }
  const std::size_t colon = authority.find(':');
  if (colon == std::string_view::npos) return {authority, {}};
  if (colon + 1 == authority.size()) return {};
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

bool IsHost(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '%';
  });
}

bool IsPath(std::string_view path) {
  return std::ranges::all_of(path, [](char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

}  // namespace

std::string HttpUrl::Authority() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

std::string HttpUrl::Origin() const {
  if (!socket_path.empty()) return "unix:" + socket_path;
  return fmt::format("{}://{}", tls ? "https" : "http", Authority());
}

bool LooksLikeUrl(std::string_view text) {
  const std::size_t end = text.find(kSchemeEnd);
  return end != std::string_view::npos && end > 0 &&
         text.find_first_of("/.:") == end;  // not "./a://b", a file
}

Result<HttpUrl> ParseHttpUrl(std::string_view text) {
  HttpUrl url;
  if (const std::optional<std::string> local = LocalPath(text)) {
    if (local->empty()) return Invalid(text, "names no socket");
    url.host = "localhost";
    url.socket_path = *local;
    return url;
  }
  SLIPWAY_TRY(const std::string_view rest, TakeScheme(text, url));
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const auto [host, port_text] = SplitAuthority(rest.substr(0, slash));
  if (!IsHost(host)) return Invalid(text, "is not the URL of a server");
  url.host = host;
  url.path = rest.substr(slash);
  if (!IsPath(url.path)) return Invalid(text, "has a character that a URL cannot have");
  if (port_text.empty()) return url;
  const auto port = ParseUint64(port_text);
  if (!port || *port < 1 || *port > 65535) {
    return Invalid(text, "has no port from 1 to 65535 behind ':'");
  }
  url.port = static_cast<std::uint16_t>(*port);
  return url;
}

}  // namespace slipway::net
