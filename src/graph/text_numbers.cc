#include "graph/text_numbers.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>

#include "base/text.h"

namespace slipway::graph {

namespace {

/// Calls `use` with a value of the C++ type of the dtype; false for types without one here.
template <class Use>
bool WithType(DType dtype, const Use& use) {
  switch (dtype) {
    case DType::kF32:
      return use(float{});
    case DType::kF64:
      return use(double{});
    case DType::kI8:
      return use(std::int8_t{});
    case DType::kI16:
      return use(std::int16_t{});
    case DType::kI32:
      return use(std::int32_t{});
    case DType::kI64:
      return use(std::int64_t{});
    case DType::kU8:
    case DType::kBool:
      return use(std::uint8_t{});
    case DType::kU16:
      return use(std::uint16_t{});
    case DType::kU32:
      return use(std::uint32_t{});
    case DType::kU64:
      return use(std::uint64_t{});
    default:
      return false;
  }
}

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

bool HasDecimalForm(DType dtype) {
  return WithType(dtype, [](auto) { return true; });
}

std::vector<std::string> DecimalElements(const Tensor& tensor) {
  std::vector<std::string> elements;
  WithType(tensor.dtype, [&]<class T>(T value) {
    const auto bytes = tensor.data.view();
    for (std::size_t at = 0; at + sizeof(T) <= bytes.size(); at += sizeof(T)) {
      std::memcpy(&value, bytes.data() + at, sizeof(T));
      elements.push_back(fmt::format("{}", value));
    }
    return true;
  });
  return elements;
}

Status AppendElement(DType dtype, std::string_view text, std::string& bytes) {
  const bool is_number = WithType(dtype, [&]<class T>(T value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return false;
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    return true;
  });
  if (is_number) return {};
  return InvalidArgument(fmt::format("\"{}\" is not a number of type {}", text, ShortName(dtype)));
}

std::string QuotedText(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte > 0x7e) {
      quoted += fmt::format("\\x{:02x}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string HexOf(std::span<const std::byte> bytes) {
  std::string hex;
  for (const std::byte byte : bytes) hex += fmt::format("{:02x}", static_cast<unsigned>(byte));
  return hex;
}

Result<std::string> BytesOfHex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const int high = DigitOf(hex[i]);
    const int low = DigitOf(hex[i + 1]);
    if (high < 0 || low < 0) return InvalidArgument("bytes are written as pairs of 0-9 and a-f");
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  if (hex.size() % 2 != 0) return InvalidArgument("bytes are written as pairs of 0-9 and a-f");
  return bytes;
}

}  // namespace slipway::graph
