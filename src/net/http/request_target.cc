#include "net/http/request_target.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "base/text.h"

namespace slipway::net {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsForbiddenInSegment(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f || c == '/' || c == '\\';
}

constexpr std::array<bool, 256> PlainTable() {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("0123456789_-:./"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
constexpr std::array<bool, 256> kPlainTable = PlainTable();

/// What is seen of a path in one look at each of its characters.
struct PathLook {
  std::size_t segments = 1;
  /// Nothing to decode and, but for ".", nothing to look at closely: so are nearly all.
  bool is_plain = true;
};

PathLook LookAt(std::string_view path) {
  PathLook look;
  for (const char c : path) {
    look.is_plain &= kPlainTable[static_cast<unsigned char>(c)];
    look.segments += c == '/' ? 1 : 0;
  }
  return look;
}

Status CheckSegment(std::string_view decoded) {
  if (decoded == "." || decoded == "..")
    return InvalidArgument("the path holds \".\" or \"..\", which no route has");
  if (std::ranges::any_of(decoded, IsForbiddenInSegment) || !IsUtf8(decoded)) {
    return InvalidArgument(
        fmt::format("the path segment \"{}\" holds a slash, a backslash, a control character or "
                    "malformed UTF-8",
                    Printable(decoded, 64)));
  }
  return {};
}

Result<std::string_view> ReadSegment(std::string_view raw, bool is_plain, HeadMemory& memory) {
  if (is_plain && !raw.starts_with('.')) return raw;
  const std::optional<std::string> decoded = PercentDecode(raw);
  if (!decoded) {
    return InvalidArgument(
        fmt::format("the path segment \"{}\" holds a % that two hexadecimal digits do not follow",
                    Printable(raw, 64)));
  }
  SLIPWAY_RETURN_IF_ERROR(CheckSegment(*decoded));
  return memory.Keep(*decoded);
}

Result<std::span<const std::string_view>> SplitPath(std::string_view path, HeadMemory& memory) {
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return std::span<const std::string_view>();
  const PathLook look = LookAt(path);
  const auto segments = memory.Array<std::string_view>(look.segments);
  for (std::string_view& segment : segments) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    SLIPWAY_TRY(segment, ReadSegment(path.substr(0, slash), look.is_plain, memory));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return std::span<const std::string_view>(segments);
}

/// Takes "http://authority" or "https://authority" off the front of an absolute target.
std::string_view TakeAuthority(std::string_view& target) {
  if (target.starts_with('/')) return {};
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!EqualsIgnoreCase(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    const std::string_view authority = target.substr(0, end);
    target.remove_prefix(end);
    return authority;
  }
  return {};
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string decoded(text.substr(0, text.find('%')));
  for (std::size_t i = decoded.size(); i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = HexDigit(text[i + 1]);
    const int low = HexDigit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

Result<RequestTarget> ParseRequestTarget(std::string_view target, HeadMemory& memory) {
  RequestTarget parsed;
  if (target == "*") {
    const auto whole = memory.Array<std::string_view>(1);
    whole[0] = target;
    parsed.segments = whole;
    return parsed;
  }
  parsed.authority = TakeAuthority(target);
  const std::size_t question = target.find('?');
  if (question != std::string_view::npos) parsed.query = target.substr(question + 1);
  const std::string_view path = target.substr(0, question);
  if (path.empty() && !parsed.authority.empty()) return parsed;
  if (!path.starts_with('/'))
    return InvalidArgument("the request target must be a path that begins with '/'");
  SLIPWAY_TRY(parsed.segments, SplitPath(path, memory));
  return parsed;
}

}  // namespace slipway::net
