#include "serve/http/decimal.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
#include <system_error>

namespace slipway::serve {
namespace {

constexpr std::array<double, 23> kExactPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
constexpr std::array<std::uint64_t, 9> kPowers = {
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};
constexpr int kMaxExactPower = 22;
constexpr std::uint64_t kMaxExactInteger = std::uint64_t{1} << 53;
constexpr int kMaxDigits = 19;  // more may overflow 64 bits

bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

/// The value of eight digits, the first in the lowest byte, each already less '0'.
std::uint64_t ValueOfEight(std::uint64_t digits) {
  digits = digits * 10 + (digits >> 8);  // pairs, in every second byte
  constexpr std::uint64_t kMask = 0x000000FF000000FF;
  constexpr std::uint64_t kFirst = 0x000F424000000064;   // 100 + (1'000'000 << 32)
  constexpr std::uint64_t kSecond = 0x0000271000000001;  // 1 + (10'000 << 32)
  return (((digits & kMask) * kFirst) + (((digits >> 16) & kMask) * kSecond)) >> 32;
}

/// Appends the digits at `text` to `value`: at most eight a call. Returns how many.
int AppendDigits(const char* text, std::uint64_t& value) {
  std::uint64_t bytes;
  std::memcpy(&bytes, text, sizeof(bytes));
  bytes ^= 0x3030303030303030;
  // The high bit of every byte that is no digit. A carry can only spoil bytes behind the first one.
  const std::uint64_t others = (bytes | (bytes + 0x7676767676767676)) & 0x8080808080808080;
  if (others == 0) {
    value = value * kPowers[8] + ValueOfEight(bytes);
    return 8;
  }
  const int count = std::countr_zero(others) >> 3;
  if (count == 0) return 0;
  value =
      value * kPowers[static_cast<std::size_t>(count)] + ValueOfEight(bytes << (64 - 8 * count));
  return count;
}

/// As many digits as there are, at most kMaxDigits worth of them counted right.
const char* ReadDigits(const char* text, const char* end, std::uint64_t& value) {
  while (text < end) {
    const int count = AppendDigits(text, value);
    text += count;
    if (count < 8) break;
  }
  return text;
}

/// A number as its digits say it: mantissa * 10^exponent.
struct Parts {
  std::uint64_t mantissa = 0;
  int exponent = 0;
  bool is_negative = false;
};

/// The end of the number, or nullptr: another form, or too many digits for Parts.
const char* ReadParts(const char* text, const char* end, Parts& parts) {
  parts.is_negative = *text == '-';
  text += parts.is_negative ? 1 : 0;
  const char* const first = text;
  if (*text == '0') {
    ++text;
    if (IsDigit(*text)) return nullptr;
  } else {
    text = ReadDigits(text, end, parts.mantissa);
    if (text == first) return nullptr;
  }
  const auto whole_digits = text - first;
  std::ptrdiff_t fraction_digits = 0;
  if (*text == '.') {
    const char* const fraction = ++text;
    text = ReadDigits(text, end, parts.mantissa);
    fraction_digits = text - fraction;
    if (fraction_digits == 0) return nullptr;
  }
  if (whole_digits + fraction_digits > kMaxDigits) return nullptr;
  parts.exponent = -static_cast<int>(fraction_digits);
  if (*text != 'e' && *text != 'E') return text;
  ++text;
  const bool is_small = *text == '-';
  if (is_small || *text == '+') ++text;
  std::uint64_t exponent = 0;
  const int count = AppendDigits(text, exponent);
  if (count == 0 || count > 4) return nullptr;
  parts.exponent += is_small ? -static_cast<int>(exponent) : static_cast<int>(exponent);
  return text + count;
}

/// mantissa * 10^exponent, correctly rounded because both are exact and one operation joins them.
bool ToExactDouble(const Parts& parts, double& value) {
  if (parts.mantissa > kMaxExactInteger) return false;
  if (parts.exponent < -kMaxExactPower || parts.exponent > kMaxExactPower) return false;
  const auto mantissa = static_cast<double>(parts.mantissa);
  value = parts.exponent < 0 ? mantissa / kExactPowers[static_cast<std::size_t>(-parts.exponent)]
                             : mantissa * kExactPowers[static_cast<std::size_t>(parts.exponent)];
  return true;
}

/// True if the magnitude of a number of the right form, which is not zero, is below one.
bool IsBelowOne(std::string_view number) {
  const std::size_t mark = number.find_first_of("eE");
  std::int64_t exponent = 0;
  if (mark != std::string_view::npos) {
    std::string_view text = number.substr(mark + 1);
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto read = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (read.ec != std::errc()) return text.starts_with('-');
  }
  const std::string_view digits = number.substr(0, mark);
  const auto point = static_cast<std::int64_t>(std::min(digits.find('.'), digits.size()));
  const auto first = static_cast<std::int64_t>(digits.find_first_of("123456789"));
  const std::int64_t power = first < point ? point - first : point - first + 1;
  return power + exponent <= 0;
}

template <class T>
const char* ReadSlowly(const char* text, const char* end, T& value) {
  const char* const after = EndOfNumber(text, end);
  if (after == nullptr) return nullptr;
  const auto [stop, error] = std::from_chars(text, after, value);
  if (error == std::errc()) return stop == after ? after : nullptr;
  if (error != std::errc::result_out_of_range) return nullptr;
  // Too large and too small are one error to from_chars.
  if (!IsBelowOne({text, after})) return nullptr;
  value = static_cast<T>(*text == '-' ? -0.0 : 0.0);
  return after;
}

template <class T>
char* Write(char* out, T value) {
  if (!std::isfinite(value)) {
    const std::string_view word = std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
    return out + word.copy(out, word.size());
  }
  char* const end = std::to_chars(out, out + kMaxDecimalBytes, value).ptr;
  const std::string_view text(out, static_cast<std::size_t>(end - out));
  if (text.find_first_of(".e") != std::string_view::npos) return end;
  end[0] = '.';
  end[1] = '0';
  return end + 2;
}

}  // namespace

const char* EndOfNumber(const char* text, const char* end) {
  const char* const last = text + std::min<std::ptrdiff_t>(end - text, kMaxNumberBytes);
  const auto digits = [&] {
    const char* const first = text;
    while (text < last && IsDigit(*text)) ++text;
    return text - first;
  };
  if (text < last && *text == '-') ++text;
  const bool is_zero = text < last && *text == '0';
  const auto whole = digits();
  if (whole == 0 || (is_zero && whole > 1)) return nullptr;
  if (text < last && *text == '.') {
    ++text;
    if (digits() == 0) return nullptr;
  }
  if (text < last && (*text == 'e' || *text == 'E')) {
    ++text;
    if (text < last && (*text == '-' || *text == '+')) ++text;
    if (digits() == 0) return nullptr;
  }
  // A number that fills the bound may go on behind it.
  return text == last && last != end ? nullptr : text;
}

const char* ReadDecimalSlowly(const char* text, const char* end, float& value) {
  return ReadSlowly(text, end, value);
}
const char* ReadDecimalSlowly(const char* text, const char* end, double& value) {
  return ReadSlowly(text, end, value);
}

const char* ReadDecimal(const char* text, const char* end, float& value) {
  Parts parts;
  const char* const after = ReadParts(text, end, parts);
  double exact = 0;
  if (after == nullptr || !ToExactDouble(parts, exact)) return ReadSlowly(text, end, value);
  // Rounding twice, to double and to float, differs from rounding once only where the double lies
  // exactly between two floats: the 29 bits that a float lacks are 1000...0. Zero and numbers
  // between 1e-22 and 1e38 are normal floats, so nothing else can go wrong.
  constexpr std::uint64_t kLost = (std::uint64_t{1} << 29) - 1;
  constexpr std::uint64_t kHalfway = std::uint64_t{1} << 28;
  if ((std::bit_cast<std::uint64_t>(exact) & kLost) == kHalfway) {
    return ReadSlowly(text, end, value);
  }
  const auto rounded = static_cast<float>(exact);
  value = parts.is_negative ? -rounded : rounded;
  return after;
}

const char* ReadDecimal(const char* text, const char* end, double& value) {
  Parts parts;
  const char* const after = ReadParts(text, end, parts);
  double exact = 0;
  if (after == nullptr || !ToExactDouble(parts, exact)) return ReadSlowly(text, end, value);
  value = parts.is_negative ? -exact : exact;
  return after;
}

const char* ReadInteger(const char* text, const char* end, std::uint64_t& value) {
  const auto [after, error] =
      std::from_chars(text, text + std::min<std::ptrdiff_t>(end - text, kMaxNumberBytes), value);
  if (error != std::errc() || (*text == '0' && after != text + 1)) return nullptr;
  const bool goes_on = *after == '.' || *after == 'e' || *after == 'E';
  return goes_on ? nullptr : after;
}

const char* ReadInteger(const char* text, const char* end, std::int64_t& value) {
  const bool is_negative = *text == '-';
  std::uint64_t magnitude = 0;
  const char* const after = ReadInteger(text + (is_negative ? 1 : 0), end, magnitude);
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (after == nullptr || magnitude > kLargest + (is_negative ? 1 : 0)) return nullptr;
  if (is_negative && magnitude == 0) return nullptr;
  value = static_cast<std::int64_t>(is_negative ? ~magnitude + 1 : magnitude);
  return after;
}

char* WriteDecimal(char* out, float value) { return Write(out, value); }
char* WriteDecimal(char* out, double value) { return Write(out, value); }

}  // namespace slipway::serve
