#include "serve/http/cors_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::serve {
namespace {

struct Scheme {
  std::string_view prefix;
  std::string_view default_port;  ///< which browsers leave out
};
constexpr std::array kSchemes = {Scheme{"http://", "80"}, Scheme{"https://", "443"}};
constexpr std::size_t kMostOriginBytes = 256;

constexpr std::string_view kOrigin = "Origin";
constexpr std::string_view kAllowOrigin = "Access-Control-Allow-Origin";
constexpr const char* kMethods = "GET, HEAD, POST";
constexpr const char* kRequestHeaders =
    "Accept, Authorization, Content-Encoding, Content-Type, Inference-Header-Content-Length, "
    "Slipway-Admin-Key, Slipway-Key, Slipway-Timeout";
constexpr const char* kAnswerHeaders = "Inference-Header-Content-Length, Retry-After";
constexpr const char* kPreflightSeconds = "600";

Status NotAnOrigin(std::string_view text) {
  return InvalidArgument(fmt::format("\"{}\" is not an origin", Printable(text, 64)))
      .With(errors::kUsage)
      .Hint(
          "write it as browsers do: scheme, host and perhaps a port, in lower case, with nothing "
          "behind it: https://shop.example, http://localhost:5173");
}

bool IsHost(std::string_view host) {
  const bool is_v6 = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  if (is_v6) host = host.substr(1, host.size() - 2);
  return !host.empty() && std::ranges::all_of(host, [is_v6](char c) {
    const bool is_digit = c >= '0' && c <= '9';
    if (is_v6) return is_digit || (c >= 'a' && c <= 'f') || c == ':';
    return is_digit || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
  });
}

bool IsPort(std::string_view text, std::string_view default_port) {
  const std::optional<std::uint64_t> port = ParseUint64(text);
  return port && *port >= 1 && *port <= 65535 && !text.starts_with('0') && text != default_port;
}

bool IsOrigin(std::string_view text) {
  if (text.size() > kMostOriginBytes) return false;
  const auto* const scheme = std::ranges::find_if(
      kSchemes, [text](const Scheme& known) { return text.starts_with(known.prefix); });
  if (scheme == kSchemes.end()) return false;
  text.remove_prefix(scheme->prefix.size());
  const std::size_t host_end = text.starts_with('[') ? text.find(']') : 0;
  if (host_end == std::string_view::npos) return false;
  const std::size_t colon = text.find(':', host_end);
  if (colon == std::string_view::npos) return IsHost(text);
  return IsHost(text.substr(0, colon)) && IsPort(text.substr(colon + 1), scheme->default_port);
}

}  // namespace

Result<CorsPolicy> CorsPolicy::ForOrigins(std::span<const std::string> origins) {
  if (origins.size() > kMostOrigins) {
    return InvalidArgument(fmt::format("more than {} origins", kMostOrigins)).With(errors::kUsage);
  }
  for (const std::string& origin : origins) {
    if (!IsOrigin(origin)) return NotAnOrigin(origin);
  }
  CorsPolicy policy;
  policy.origins_.assign(origins.begin(), origins.end());
  return policy;
}

const std::string* CorsPolicy::ListedOrigin(const net::RequestHead& head) const {
  const std::string_view* const origin = head.Find(kOrigin);
  if (origin == nullptr || head.Repeated(kOrigin)) return nullptr;
  const auto listed = std::ranges::find(origins_, *origin);
  return listed == origins_.end() ? nullptr : &*listed;
}

std::optional<net::Response> CorsPolicy::Preflight(const net::RequestHead& head) const {
  if (origins_.empty() || head.method != net::Method::kOptions ||
      head.Find("Access-Control-Request-Method") == nullptr || ListedOrigin(head) == nullptr)
    return std::nullopt;
  net::Response response;
  response.headers = {{"Access-Control-Allow-Methods", kMethods},
                      {"Access-Control-Allow-Headers", kRequestHeaders},
                      {"Access-Control-Max-Age", kPreflightSeconds}};
  return response;
}

void CorsPolicy::Permit(const net::RequestHead& head, net::Response& response) const {
  if (origins_.empty()) return;
  response.headers.emplace_back("Vary", kOrigin);
  const std::string* const origin = ListedOrigin(head);
  if (origin == nullptr) return;
  response.headers.emplace_back(kAllowOrigin, *origin);
  response.headers.emplace_back("Access-Control-Expose-Headers", kAnswerHeaders);
}

}  // namespace slipway::serve
