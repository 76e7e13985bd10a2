#include "telemetry/trace_context.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "base/text.h"

namespace slipway::telemetry {
namespace {

constexpr std::size_t kLength = 55;  // 00-<32>-<16>-<2>
constexpr std::size_t kMostMembers = 32;
constexpr std::size_t kMostStateBytes = 512;
constexpr std::size_t kMostKeyBytes = 256;
constexpr std::size_t kMostValueBytes = 256;
constexpr char kHexDigits[] = "0123456789abcdef";

constexpr std::uint8_t kNoDigit = 0xff;

/// Of every byte, its value as a lower-case digit.
constexpr std::array<std::uint8_t, 256> kDigitValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 16; ++i) values[static_cast<unsigned char>(kHexDigits[i])] = i;
  return values;
}();

/// False: not all lower-case hexadecimal. Nothing in it depends on the digits but the answer: those
/// of an id are random, and a processor that guesses at each would be wrong at every other.
bool ReadHex(std::string_view text, std::span<std::uint8_t> bytes) {
  std::uint8_t seen = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::uint8_t high = kDigitValues[static_cast<unsigned char>(text[2 * i])];
    const std::uint8_t low = kDigitValues[static_cast<unsigned char>(text[2 * i + 1])];
    seen |= high | low;
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return seen < 16;
}

std::string WriteHex(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 15];
  }
  return text;
}

template <std::size_t kBytes>
bool IsZero(const std::array<std::uint8_t, kBytes>& id) {
  return std::ranges::all_of(id, [](std::uint8_t byte) { return byte == 0; });
}

bool IsKey(std::string_view key) {
  const auto starts = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto goes_on = [&](char c) {
    return starts(c) || c == '_' || c == '-' || c == '*' || c == '/' || c == '@';
  };
  return !key.empty() && key.size() <= kMostKeyBytes && starts(key.front()) &&
         std::ranges::all_of(key, goes_on);
}

bool IsValue(std::string_view value) {
  return !value.empty() && value.size() <= kMostValueBytes && value.back() != ' ' &&
         std::ranges::all_of(value,
                             [](char c) { return c >= 0x20 && c <= 0x7e && c != ',' && c != '='; });
}

}  // namespace

std::optional<TraceContext> ParseTraceparent(std::string_view text) {
  std::array<std::uint8_t, 1> version{};
  std::array<std::uint8_t, 1> flags{};
  TraceContext context;
  if (text.size() < kLength || text[2] != '-' || text[35] != '-' || text[52] != '-' ||
      !ReadHex(text, version) || !ReadHex(text.substr(3), context.trace_id) ||
      !ReadHex(text.substr(36), context.parent_id) || !ReadHex(text.substr(53), flags))
    return std::nullopt;
  if (version[0] == 0xff) return std::nullopt;
  if (text.size() > kLength && (version[0] == 0 || text[kLength] != '-')) return std::nullopt;
  if (IsZero(context.trace_id) || IsZero(context.parent_id)) return std::nullopt;
  context.is_sampled = (flags[0] & 1) != 0;
  return context;
}

bool IsTracestate(std::string_view text) {
  if (text.size() > kMostStateBytes) return false;
  std::array<std::string_view, kMostMembers> keys;
  std::size_t count = 0;
  for (const std::string_view part : Split(text, ',')) {
    const std::string_view member = Trim(part);
    if (member.empty()) continue;
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos || count == kMostMembers) return false;
    const std::string_view key = member.substr(0, equals);
    const auto known = std::span(keys).first(count);
    if (!IsKey(key) || !IsValue(member.substr(equals + 1)) ||
        std::ranges::find(known, key) != known.end())
      return false;
    keys[count++] = key;
  }
  return count > 0;
}

std::string ToTraceparent(const TraceContext& context) {
  return "00-" + WriteHex(context.trace_id) + "-" + WriteHex(context.parent_id) +
         (context.is_sampled ? "-01" : "-00");
}

std::string ToHex(const TraceId& id) { return WriteHex(id); }
std::string ToHex(const SpanId& id) { return WriteHex(id); }

}  // namespace slipway::telemetry
