#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "serve/http/decimal.h"

// The quick way of ReadDecimal() for the shortest texts, inline for the loop over a tensor's
// elements.
namespace slipway::serve::decimal {

inline constexpr std::array<double, 23> kExactPowers = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
inline constexpr std::array<std::uint64_t, 9> kPowers = {
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};

inline bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

/// The value of eight digits, the first in the lowest byte, each already less '0'.
inline std::uint64_t ValueOfEight(std::uint64_t digits) {
  digits = digits * 10 + (digits >> 8);  // pairs, in every second byte
  constexpr std::uint64_t kMask = 0x000000FF000000FF;
  constexpr std::uint64_t kFirst = 0x000F424000000064;   // 100 + (1'000'000 << 32)
  constexpr std::uint64_t kSecond = 0x0000271000000001;  // 1 + (10'000 << 32)
  return (((digits & kMask) * kFirst) + (((digits >> 16) & kMask) * kSecond)) >> 32;
}

/// Up to eight digits at `text`, without a branch that depends on how many they are: in the text of
/// real numbers that cannot be predicted, and costs more than all the arithmetic.
struct EightDigits {
  explicit EightDigits(const char* text) {
    std::uint64_t bytes;
    std::memcpy(&bytes, text, sizeof(bytes));
    bytes ^= 0x3030303030303030;
    // The high bit of every byte that is no digit; a carry can only spoil bytes behind the first.
    const std::uint64_t others = (bytes | (bytes + 0x7676767676767676)) & 0x8080808080808080;
    constexpr std::uint64_t kTop = std::uint64_t{1} << 63;
    count = (static_cast<unsigned>(std::countr_zero(others | kTop)) >> 3) + (others == 0 ? 1 : 0);
    const unsigned unused_bits = 64 - 8 * count;
    const std::uint64_t digits = (bytes << (unused_bits & 63)) & (0 - std::uint64_t{count != 0});
    value = ValueOfEight(digits);
  }
  unsigned count = 0;
  std::uint64_t value = 0;
};

/// "-d.dddddddd", the text of most real numbers: one digit before the point, one to eight behind
/// it, no exponent. nullptr: another form.
inline const char* ReadShort(const char* text, double& value) {
  const bool is_negative = *text == '-';
  text += is_negative ? 1 : 0;
  const auto whole = static_cast<unsigned char>(text[0] - '0');
  if (whole > 9 || text[1] != '.') return nullptr;
  const EightDigits fraction(text + 2);
  const char* const after = text + 2 + fraction.count;
  const bool goes_on = IsDigit(*after) || (*after & ~0x20) == 'E';
  if (fraction.count == 0 || goes_on) return nullptr;
  const std::uint64_t mantissa = whole * kPowers.data()[fraction.count] + fraction.value;
  const double exact = static_cast<double>(static_cast<std::int64_t>(mantissa)) /
                       kExactPowers.data()[fraction.count];
  value = std::bit_cast<double>(std::bit_cast<std::uint64_t>(exact) |
                                (std::uint64_t{is_negative} << 63));
  return after;
}

/// Rounding twice, to double and to float, differs from rounding once only where the double lies
/// exactly between two floats: the 29 bits that a float lacks are 1000...0.
inline bool IsHalfway(double exact) {
  constexpr std::uint64_t kLost = (std::uint64_t{1} << 29) - 1;
  constexpr std::uint64_t kHalfway = std::uint64_t{1} << 28;
  return (std::bit_cast<std::uint64_t>(exact) & kLost) == kHalfway;
}

/// ReadDecimal(), inline.
inline const char* Read(const char* text, const char* end, float& value) {
  double exact = 0;
  const char* const after = ReadShort(text, exact);
  if (after == nullptr || IsHalfway(exact)) [[unlikely]]
    return ReadDecimal(text, end, value);
  value = static_cast<float>(exact);
  return after;
}
inline const char* Read(const char* text, const char* end, double& value) {
  const char* const after = ReadShort(text, value);
  return after == nullptr ? ReadDecimal(text, end, value) : after;
}

}  // namespace slipway::serve::decimal
