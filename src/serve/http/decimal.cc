#include "serve/http/decimal.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <system_error>

#include "serve/http/decimal_short.h"

namespace slipway::serve {
namespace {

using decimal::EightDigits;
using decimal::IsDigit;
using decimal::kExactPowers;
using decimal::kPowers;

constexpr int kMaxExactPower = 22;
constexpr std::uint64_t kMaxExactInteger = std::uint64_t{1} << 53;
constexpr unsigned kMaxDigits = 19;  // more may overflow 64 bits

/// A number as its digits say it: mantissa * 10^exponent.
struct Parts {
  std::uint64_t mantissa = 0;
  int exponent = 0;
  bool is_negative = false;
};

/// Reads "e-05" into `exponent`. The end, or nullptr.
const char* ReadExponent(const char* text, int& exponent) {
  const bool is_small = text[1] == '-';
  text += is_small || text[1] == '+' ? 2 : 1;
  const EightDigits digits(text);
  if (digits.count == 0 || digits.count > 4) return nullptr;
  exponent += is_small ? -static_cast<int>(digits.value) : static_cast<int>(digits.value);
  return text + digits.count;
}

/// The end of the number, or nullptr: another form, or more digits than seven before and fifteen
/// behind the point.
const char* ReadParts(const char* text, Parts& parts) {
  parts.is_negative = *text == '-';
  text += parts.is_negative ? 1 : 0;
  const EightDigits whole(text);
  if (whole.count == 0 || whole.count == 8 || (whole.count > 1 && *text == '0')) return nullptr;
  text += whole.count;
  parts.mantissa = whole.value;
  if (*text == '.') {
    const EightDigits first(text + 1);
    const EightDigits second(text + 9);
    const std::uint64_t is_full = 0 - std::uint64_t{first.count == 8};  // all bits or none
    const auto more = static_cast<unsigned>(second.count & is_full);
    const std::uint64_t more_value = second.value & is_full;
    const unsigned count = first.count + more;
    if (count == 0 || count == 16 || whole.count + count > kMaxDigits) return nullptr;
    parts.mantissa =
        (whole.value * kPowers[first.count] + first.value) * kPowers[more] + more_value;
    parts.exponent = -static_cast<int>(count);
    text += 1 + count;
  }
  if (*text != 'e' && *text != 'E') return text;
  return ReadExponent(text, parts.exponent);
}

/// The number correctly rounded, because mantissa and power of ten are exact and one operation
/// joins them. nullptr: not of such a form.
const char* ReadExactly(const char* text, double& value) {
  if (const char* const after = decimal::ReadShort(text, value)) [[likely]]
    return after;
  Parts parts;
  const char* const after = ReadParts(text, parts);
  if (after == nullptr || parts.mantissa > kMaxExactInteger) return nullptr;
  if (parts.exponent < -kMaxExactPower || parts.exponent > kMaxExactPower) return nullptr;
  const auto mantissa = static_cast<double>(parts.mantissa);
  const double power = kExactPowers[static_cast<std::size_t>(std::abs(parts.exponent))];
  value = parts.exponent < 0 ? mantissa / power : mantissa * power;
  if (parts.is_negative) value = -value;
  return after;
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
  double exact = 0;
  const char* const after = ReadExactly(text, exact);
  // Zero and numbers between 1e-22 and 1e38 are normal floats, so nothing but the middle between
  // two floats can go wrong.
  if (after == nullptr || decimal::IsHalfway(exact)) return ReadSlowly(text, end, value);
  value = static_cast<float>(exact);
  return after;
}

const char* ReadDecimal(const char* text, const char* end, double& value) {
  const char* const after = ReadExactly(text, value);
  return after == nullptr ? ReadSlowly(text, end, value) : after;
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
