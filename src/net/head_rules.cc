#include "net/head_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "base/text.h"

namespace slipway::net {
namespace {

constexpr std::size_t kLongestMethod = 32;

constexpr std::array<bool, 256> TokenTable() {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
constexpr std::array<bool, 256> kTokenTable = TokenTable();

bool IsTokenChar(char c) { return kTokenTable[static_cast<unsigned char>(c)]; }
bool IsDigits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Refusal TooLongTarget(const HttpLimits& limits) {
  return {414, fmt::format("the request line is longer than {} bytes", limits.request_line_bytes)};
}
Refusal TooLargeHead(const HttpLimits& limits) {
  return {431, fmt::format("the headers are larger than {} bytes", limits.header_bytes)};
}

/// Takes a line and its CRLF off the front; nullopt if the line ends in anything else or holds CR
/// or NUL.
std::optional<std::string_view> TakeLine(std::string_view& text) {
  const std::size_t feed = text.find('\n');
  if (feed == std::string_view::npos || feed == 0 || text[feed - 1] != '\r') return std::nullopt;
  const std::string_view line = text.substr(0, feed - 1);
  text.remove_prefix(feed + 1);
  if (line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos)
    return std::nullopt;
  return line;
}

std::optional<Refusal> CheckVersion(std::string_view version) {
  if (version == "HTTP/1.1" || version == "HTTP/1.0") return std::nullopt;
  const bool well_formed = version.size() == 8 && version.starts_with("HTTP/") &&
                           IsDigits(version.substr(5, 1)) && version[6] == '.' &&
                           IsDigits(version.substr(7));
  if (well_formed) return Refusal{505, "this port speaks HTTP/1.1 and HTTP/1.0"};
  return Refusal{400, "the request line does not end in an HTTP version"};
}

/// Neither the target nor the version is one that HTTP could mean: the words of another protocol,
/// whose speaker would not understand an answer.
bool IsOtherProtocol(std::string_view target, std::string_view version) {
  const bool is_target =
      target.starts_with('/') || target == "*" || target.find(':') != target.npos;
  return !is_target && !version.starts_with("HTTP/");
}

/// What of the request line Beast does not tell apart: lengths, spaces, versions.
std::optional<Refusal> CheckRequestLine(std::string_view line, const HttpLimits& limits) {
  const std::size_t method_end = line.find(' ');
  if (std::min(method_end, line.size()) > kLongestMethod)
    return Refusal{501, "the method is not one this server knows"};
  if (line.size() > limits.request_line_bytes) return TooLongTarget(limits);
  const std::size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || target_end <= method_end + 1)
    return Refusal{400, "the request line must be a method, a target and a version"};
  if (line.find(' ', method_end + 1) != target_end)
    return Refusal{400, "the request target holds a space"};
  const std::string_view target = line.substr(method_end + 1, target_end - method_end - 1);
  const std::string_view version = line.substr(target_end + 1);
  if (IsOtherProtocol(target, version)) return Refusal{Refusal::kSilent, ""};
  return CheckVersion(version);
}

std::optional<Refusal> CheckHost(const RequestHead& head, std::string_view target_authority) {
  const std::string_view* host = head.Find("Host");
  if (host == nullptr) {
    if (head.version_minor == 0) return std::nullopt;
    return Refusal{400, "an HTTP/1.1 request needs a Host header"};
  }
  if (head.Repeated("Host")) return Refusal{400, "there is more than one Host header"};
  if (!IsAuthority(*host)) {
    return Refusal{400, fmt::format("the Host header \"{}\" is not a host with a port up to 65535",
                                    Printable(*host, 64))};
  }
  if (!target_authority.empty() && !EqualsIgnoreCase(target_authority, *host))
    return Refusal{400, "the host of the request target differs from the Host header"};
  return std::nullopt;
}

std::optional<Refusal> CheckBodyLength(const RequestHead& head) {
  const std::string_view* coding = head.Find("Transfer-Encoding");
  const std::string_view* length = head.Find("Content-Length");
  if (coding != nullptr && length != nullptr) {
    return Refusal{400, "ambiguous body length: Content-Length and Transfer-Encoding together"};
  }
  if (coding != nullptr) {
    if (head.version_minor == 0)
      return Refusal{400, "Transfer-Encoding does not exist in HTTP/1.0"};
    if (head.Repeated("Transfer-Encoding") || !EqualsIgnoreCase(*coding, "chunked"))
      return Refusal{400, "Transfer-Encoding must be exactly \"chunked\""};
  }
  if (length != nullptr) {
    if (head.Repeated("Content-Length"))
      return Refusal{400, "ambiguous body length: more than one Content-Length"};
    if (!IsDigits(*length) || !ParseUint64(*length))
      return Refusal{400, "Content-Length must be one decimal number"};
  }
  return std::nullopt;
}

std::optional<Refusal> CheckExpect(const RequestHead& head) {
  const std::string_view* expect = head.Find("Expect");
  if (expect == nullptr) return std::nullopt;
  if (EqualsIgnoreCase(*expect, "100-continue") && !head.Repeated("Expect")) return std::nullopt;
  return Refusal{417, "the only expectation this server meets is 100-continue"};
}

}  // namespace

std::optional<Refusal> CheckUnfinishedHead(std::string_view head, std::size_t checked,
                                           const HttpLimits& limits) {
  for (std::size_t at = head.find('\n', checked); at != std::string_view::npos;
       at = head.find('\n', at + 1)) {
    if (at == 0 || head[at - 1] != '\r') return Refusal{400, "a line does not end in CR LF"};
  }
  const std::size_t line = std::min(head.find('\r'), head.size());
  if (std::min(head.find(' '), line) > kLongestMethod)
    return Refusal{501, "the method is not one this server knows"};
  if (line > limits.request_line_bytes) return TooLongTarget(limits);
  if (head.size() > line + 2 + limits.header_bytes) return TooLargeHead(limits);
  return std::nullopt;
}

std::optional<Refusal> CheckHeadBytes(std::string_view head, const HttpLimits& limits) {
  std::optional<std::string_view> line = TakeLine(head);
  if (!line) return Refusal{400, "the request line does not end in CR LF"};
  if (auto refusal = CheckRequestLine(*line, limits)) return refusal;
  if (head.size() > limits.header_bytes) return TooLargeHead(limits);
  for (std::size_t count = 0;; ++count) {
    line = TakeLine(head);
    if (!line) return Refusal{400, "a header line does not end in CR LF"};
    if (line->empty()) return std::nullopt;
    if (count >= limits.header_count)
      return Refusal{431, fmt::format("there are more than {} headers", limits.header_count)};
    if (line->front() == ' ' || line->front() == '\t')
      return Refusal{400, "a header is folded over several lines"};
  }
}

std::optional<Refusal> CheckHead(const RequestHead& head, std::string_view target_authority) {
  if (auto refusal = CheckHost(head, target_authority)) return refusal;
  if (auto refusal = CheckBodyLength(head)) return refusal;
  return CheckExpect(head);
}

bool IsAuthority(std::string_view text) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    const auto is_address_char = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
             c == ':' || c == '.';
    };
    if (!std::ranges::all_of(text.substr(1, close - 1), is_address_char)) return false;
    text.remove_prefix(close + 1);
    if (text.empty()) return true;
    if (text[0] != ':') return false;
    port = text.substr(1);
  } else {
    const std::size_t colon = text.find(':');
    const auto is_host_char = [](char c) {
      return IsTokenChar(c) || c == '(' || c == ')' || c == ',' || c == ';' || c == '=';
    };
    const std::string_view host = text.substr(0, colon);
    if (host.empty() || !std::ranges::all_of(host, is_host_char)) return false;
    if (colon == std::string_view::npos) return true;
    port = text.substr(colon + 1);
  }
  if (port.empty()) return true;
  return IsDigits(port) && port.size() <= 5 && ParseUint64(port).value_or(65536) <= 65535;
}

bool ListHasToken(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (EqualsIgnoreCase(Trim(list.substr(0, comma)), token)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

bool WantsKeepAlive(const RequestHead& head) {
  bool keep = head.version_minor >= 1;
  for (const auto& [name, value] : head.headers) {
    if (name.size() != 10 || !EqualsIgnoreCase(name, "Connection")) continue;
    if (ListHasToken(value, "close")) return false;
    if (ListHasToken(value, "keep-alive")) keep = true;
  }
  return keep;
}

}  // namespace slipway::net
