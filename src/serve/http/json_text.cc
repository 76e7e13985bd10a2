#include "serve/http/json_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "base/json.h"

namespace slipway::serve {
namespace {

constexpr std::uint32_t kFirstHigh = 0xD800;
constexpr std::uint32_t kFirstLow = 0xDC00;
constexpr std::uint32_t kAfterLow = 0xE000;

std::optional<std::uint32_t> TakeHex(std::string_view& rest) {
  constexpr std::size_t kDigits = 4;
  if (rest.size() < kDigits) return std::nullopt;
  std::uint32_t unit = 0;
  const auto read = std::from_chars(rest.data(), rest.data() + kDigits, unit, 16);
  if (read.ec != std::errc() || read.ptr != rest.data() + kDigits) return std::nullopt;
  rest.remove_prefix(kDigits);
  return unit;
}

/// The code point behind "\u", with the second half of a pair where there is one.
std::optional<std::uint32_t> TakeCodePoint(std::string_view& rest) {
  const std::optional<std::uint32_t> unit = TakeHex(rest);
  if (!unit.has_value() || *unit < kFirstHigh || *unit >= kAfterLow) return unit;
  if (*unit >= kFirstLow || !rest.starts_with("\\u")) return std::nullopt;
  rest.remove_prefix(2);
  const std::optional<std::uint32_t> low = TakeHex(rest);
  if (!low.has_value() || *low < kFirstLow || *low >= kAfterLow) return std::nullopt;
  return 0x10000 + ((*unit - kFirstHigh) << 10) + (*low - kFirstLow);
}

void AppendUtf8(std::string& text, std::uint32_t point) {
  const auto append = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (point < 0x80) return append(point);
  if (point < 0x800) {
    append(0xC0 | (point >> 6));
    return append(0x80 | (point & 0x3F));
  }
  if (point < 0x10000) {
    append(0xE0 | (point >> 12));
  } else {
    append(0xF0 | (point >> 18));
    append(0x80 | ((point >> 12) & 0x3F));
  }
  append(0x80 | ((point >> 6) & 0x3F));
  append(0x80 | (point & 0x3F));
}

}  // namespace

std::optional<std::string> UnescapeJson(std::string_view raw) {
  constexpr std::string_view kEscapes = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  std::string text;
  text.reserve(raw.size());
  while (!raw.empty()) {
    const std::size_t plain = std::min(raw.find('\\'), raw.size());
    text.append(raw.substr(0, plain));
    raw.remove_prefix(plain);
    if (raw.empty()) break;
    if (raw.size() < 2) return std::nullopt;
    const char escape = raw[1];
    raw.remove_prefix(2);
    if (escape == 'u') {
      const std::optional<std::uint32_t> point = TakeCodePoint(raw);
      if (!point.has_value()) return std::nullopt;
      AppendUtf8(text, *point);
      continue;
    }
    const std::size_t known = kEscapes.find(escape);
    if (known == std::string_view::npos) return std::nullopt;
    text += kMeanings[known];
  }
  return text;
}

void AppendQuoted(std::string& json, std::string_view text) {
  const bool is_plain = std::ranges::all_of(
      text, [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; });
  if (!is_plain) {
    json += JsonQuoted(text);
    return;
  }
  json += '"';
  json += text;
  json += '"';
}

void AppendPointerToken(std::string& pointer, std::string_view token) {
  for (const char c : token) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

}  // namespace slipway::serve
