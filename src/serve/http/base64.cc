#include "serve/http/base64.h"

#include <array>
#include <cstdint>
#include <utility>

namespace slipway::serve {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xFF;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}();

std::size_t PaddingOf(std::string_view text) {
  if (text.ends_with("==")) return 2;
  return text.ends_with('=') ? 1 : 0;
}

}  // namespace

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = PaddingOf(text);
  text.remove_suffix(padding);
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(c)];
    if (value == kNone) return std::nullopt;
    bits = (bits << 6) | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>((bits >> count) & 0xFF);
  }
  const bool has_rest = (bits & ((1U << count) - 1)) != 0;
  if (has_rest) return std::nullopt;
  return bytes;
}

void AppendBase64(std::string& out, std::string_view bytes) {
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::uint32_t bits = (byte(i) << 16) | (byte(i + 1) << 8) | byte(i + 2);
    out += kAlphabet[bits >> 18];
    out += kAlphabet[(bits >> 12) & 63];
    out += i + 1 < bytes.size() ? kAlphabet[(bits >> 6) & 63] : '=';
    out += i + 2 < bytes.size() ? kAlphabet[bits & 63] : '=';
  }
}

Result<std::string> ReadBase64Object(JsonReader& reader) {
  SLIPWAY_RETURN_IF_ERROR(reader.EnterObject());
  std::optional<std::string> bytes;
  while (true) {
    SLIPWAY_TRY(const std::optional<std::string_view> key, reader.NextKey());
    if (!key.has_value()) break;
    if (*key != "b64") return reader.Invalid("an encoded string has the one key \"b64\"");
    SLIPWAY_TRY(const std::string_view text, reader.ReadString());
    bytes = DecodeBase64(text);
    if (!bytes.has_value()) return reader.Invalid("not base64 with padding");
  }
  if (!bytes.has_value()) return reader.Invalid("an encoded string has the one key \"b64\"");
  return std::move(*bytes);
}

}  // namespace slipway::serve
