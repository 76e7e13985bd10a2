#include "net/http/request_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/status.h"
#include "base/text.h"
#include "net/http/head_rules.h"
#include "net/http/request_target.h"

namespace slipway::net {
namespace {

constexpr std::size_t kLongestMethod = 32;

Refusal TooLongTarget(const HttpLimits& limits) {
  return {414, fmt::format("the request line is longer than {} bytes", limits.request_line_bytes)};
}
Refusal TooLargeHead(const HttpLimits& limits) {
  return {431, fmt::format("the headers are larger than {} bytes", limits.header_bytes)};
}

/// Takes a line and its CRLF off the front; nullopt if the line ends in anything else.
std::optional<std::string_view> TakeLine(std::string_view& text) {
  const std::size_t feed = text.find('\n');
  if (feed == std::string_view::npos || feed == 0 || text[feed - 1] != '\r') return std::nullopt;
  const std::string_view line = text.substr(0, feed - 1);
  text.remove_prefix(feed + 1);
  return line;
}

std::optional<Refusal> ReadVersion(std::string_view version, RequestHead& head) {
  constexpr std::string_view kKnown = "HTTP/1.";
  if (version.size() == kKnown.size() + 1 && version.starts_with(kKnown)) {
    head.version_minor = static_cast<unsigned>(version.back() - '0');
    if (head.version_minor <= 1) return std::nullopt;
  }
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool well_formed = version.size() == kKnown.size() + 1 && version.starts_with("HTTP/") &&
                           is_digit(version[5]) && version[6] == '.' && is_digit(version[7]);
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

std::optional<Refusal> ReadRequestLine(std::string_view line, const HttpLimits& limits,
                                       RequestHead& head) {
  const std::size_t method_end = std::min(line.find(' '), line.size());
  if (method_end > kLongestMethod) return Refusal{501, "the method is not one this server knows"};
  if (line.size() > limits.request_line_bytes) return TooLongTarget(limits);
  const std::size_t target_begin = std::min(method_end + 1, line.size());
  const std::size_t target_end = line.find(' ', target_begin);
  if (target_end == std::string_view::npos || target_end == target_begin)
    return Refusal{400, "the request line must be a method, a target and a version"};
  const std::string_view version = line.substr(target_end + 1);
  if (version.find(' ') != std::string_view::npos)
    return Refusal{400, "the request target holds a space"};
  const std::string_view method = line.substr(0, method_end);
  const std::string_view target = line.substr(target_begin, target_end - target_begin);
  if (IsOtherProtocol(target, version)) return Refusal{Refusal::kSilent, ""};
  if (method.empty() || TokenLength(method) != method.size())
    return Refusal{400, "the method is not a token"};
  if (!IsVisible(target))
    return Refusal{400, "the request target holds a character that no target has"};
  head.method_text = method;
  head.method = MethodNamed(method);
  head.target = target;
  return ReadVersion(version, head);
}

std::string_view TrimBlanks(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::optional<Refusal> ReadHeader(std::string_view line, RequestHead& head) {
  if (line.front() == ' ' || line.front() == '\t')
    return Refusal{400, "a header is folded over several lines"};
  const std::size_t colon = TokenLength(line);
  if (colon == 0 || colon == line.size() || line[colon] != ':')
    return Refusal{400, "a header name is not a token"};
  const std::string_view value = TrimBlanks(line.substr(colon + 1));
  if (!IsFieldValue(value))
    return Refusal{400, "a header value holds a character that no value has"};
  head.AddHeader(line.substr(0, colon), value);
  return std::nullopt;
}

/// The whole of `text`: header lines up to an empty one.
std::optional<Refusal> ReadHeaders(std::string_view text, const HttpLimits& limits,
                                   RequestHead& head) {
  if (text.size() > limits.header_bytes) return TooLargeHead(limits);
  for (;;) {
    const std::optional<std::string_view> line = TakeLine(text);
    if (!line) return Refusal{400, "a header line does not end in CR LF"};
    if (line->empty()) break;
    if (head.headers.size() >= limits.header_count)
      return Refusal{431, fmt::format("there are more than {} headers", limits.header_count)};
    if (auto refusal = ReadHeader(*line, head)) return refusal;
  }
  if (text.empty()) return std::nullopt;
  return Refusal{400, "the request's head is not well-formed"};
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

std::optional<Refusal> ParseRequestHead(std::string_view bytes, const HttpLimits& limits,
                                        RequestHead& head) {
  std::string_view text = head.memory.Keep(bytes);
  const std::optional<std::string_view> line = TakeLine(text);
  if (!line) return Refusal{400, "the request line does not end in CR LF"};
  if (auto refusal = ReadRequestLine(*line, limits, head)) return refusal;
  if (auto refusal = ReadHeaders(text, limits, head)) return refusal;
  if (head.method_text == "CONNECT") return Refusal{501, "this server is no proxy"};
  const Result<RequestTarget> target = ParseRequestTarget(head.target, head.memory);
  if (!target.ok()) return Refusal{400, target.status().message()};
  if (auto refusal = CheckHead(head, target->authority)) return refusal;
  head.segments = target->segments;
  head.query = target->query;
  head.chunked = head.Find("Transfer-Encoding") != nullptr;
  if (const std::string_view* length = head.Find("Content-Length"))
    head.content_length = ParseUint64(*length);
  return std::nullopt;
}

}  // namespace slipway::net
