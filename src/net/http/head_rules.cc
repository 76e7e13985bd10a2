#include "net/http/head_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "base/log.h"
#include "base/text.h"

namespace slipway::net {
namespace {

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
/// False if the eight bytes hold no control character. Beside one, or behind a byte beyond ASCII,
/// it may say true of eight that hold none.
bool MayHoldControls(const char* bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHighs = 0x80 * kOnes;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  const std::uint64_t below_space = (word - 0x20 * kOnes) & ~word;
  const std::uint64_t not_delete = word ^ (0x7f * kOnes);
  return ((((not_delete - kOnes) & ~not_delete) | below_space) & kHighs) != 0;
}

bool IsDigits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
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

/// Its items say what a proxy must not pass on: whoever reads them in two ways can be deceived.
std::optional<Refusal> CheckConnection(const RequestHead& head) {
  if (head.Find("Connection") == nullptr) return std::nullopt;
  for (const auto& [name, value] : head.headers) {
    if (!EqualsIgnoreCase(name, "Connection")) continue;
    for (std::string_view list = value; !list.empty();) {
      const std::size_t comma = std::min(list.find(','), list.size());
      const std::string_view item = Trim(list.substr(0, comma));
      if (TokenLength(item) != item.size())
        return Refusal{400, "the Connection header is not a list of tokens"};
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
  }
  return std::nullopt;
}

}  // namespace

std::size_t TokenLength(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && IsTokenChar(text[length])) ++length;
  return length;
}

bool IsVisible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > 0x20 && byte != 0x7f;
  });
}

bool IsFieldValue(std::string_view text) {
  while (text.size() >= sizeof(std::uint64_t) && !MayHoldControls(text.data()))
    text.remove_prefix(sizeof(std::uint64_t));
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || c == '\t';
  });
}

std::optional<Refusal> CheckHead(const RequestHead& head, std::string_view target_authority) {
  if (auto refusal = CheckHost(head, target_authority)) return refusal;
  if (auto refusal = CheckBodyLength(head)) return refusal;
  if (auto refusal = CheckConnection(head)) return refusal;
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
  if (head.Find("Connection") == nullptr) return keep;
  for (const auto& [name, value] : head.headers) {
    if (name.size() != 10 || !EqualsIgnoreCase(name, "Connection")) continue;
    if (ListHasToken(value, "close")) return false;
    if (ListHasToken(value, "keep-alive")) keep = true;
  }
  return keep;
}

}  // namespace slipway::net
