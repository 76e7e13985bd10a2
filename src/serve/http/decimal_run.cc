#include "serve/http/decimal_run.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "serve/http/decimal.h"
#include "serve/http/decimal_pair.h"
#include "serve/http/decimal_short.h"
#include "serve/http/last_digits.h"
#include "serve/http/separators.h"

namespace slipway::serve {
namespace {

constexpr std::size_t kBlocks = 16;  // whose separators are found at once
constexpr std::size_t kMaxFraction = decimal::kMaxLastDigits;
constexpr std::uint64_t kZeros = 0x3030303030303030;
constexpr std::uint64_t kTop = std::uint64_t{1} << 63;
constexpr std::uint64_t kMaxExactInteger = std::uint64_t{1} << 53;

constexpr auto kPowers = [] {
  std::array<std::uint64_t, kMaxFraction + 1> powers{1};
  for (std::size_t i = 1; i <= kMaxFraction; ++i) powers[i] = 10 * powers[i - 1];
  return powers;
}();

/// The high bit of every byte that is no digit; a carry can only spoil bytes behind the first.
std::uint64_t NoDigits(std::uint64_t digits) {
  return (digits | (digits + 0x7676767676767676)) & 0x8080808080808080;
}

double WithSign(double magnitude, bool is_negative) {
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(magnitude) |
                               (std::uint64_t{is_negative} << 63));
}

/// "d.ddd", one to sixteen digits behind the point, of at most 53 bits in all.
[[gnu::always_inline]] inline bool ReadFraction(const char* text, const char* after,
                                                bool is_negative, double& value) {
  const auto digits = static_cast<std::size_t>(after - text) - 2;
  const auto whole = static_cast<unsigned char>(text[0] - '0');
  if (digits - 1 >= kMaxFraction || whole > 9 || text[1] != '.') return false;
  std::uint64_t mantissa = 0;
  if (!decimal::ReadLastDigits(after, digits, mantissa)) return false;
  mantissa += whole * kPowers.data()[digits];
  if (mantissa > kMaxExactInteger) return false;
  value = WithSign(static_cast<double>(static_cast<std::int64_t>(mantissa)) /
                       decimal::kExactPowers.data()[digits],
                   is_negative);
  return true;
}

/// "ddd" and "ddd.dd", at most eight bytes.
[[gnu::always_inline]] inline bool ReadShort(const char* text, const char* after, bool is_negative,
                                             double& value) {
  const auto length = static_cast<std::size_t>(after - text);
  if (length - 1 >= 8 || (text[0] == '0' && length > 1 && text[1] != '.')) return false;
  std::uint64_t bytes;
  std::memcpy(&bytes, after - 8, sizeof(bytes));
  const std::uint64_t digits = (bytes ^ kZeros) & decimal::kLastBytes.data()[length][1];
  const std::uint64_t others = NoDigits(digits);
  const auto point = static_cast<unsigned>(std::countr_zero(others | kTop)) / 8;
  const std::uint64_t whole = digits & ((std::uint64_t{1} << (8 * point)) - 1);
  const std::uint64_t fraction = digits >> (8 * point) >> 8 << 8 << (8 * point);
  const std::uint64_t joined = others == 0 ? digits : (whole << 8) | fraction;
  const bool is_number = others == 0 || (after[static_cast<int>(point) - 8] == '.' && point != 7 &&
                                         point + length > 8 && NoDigits(joined) == 0);
  if (!is_number) return false;
  const auto integer = static_cast<std::int64_t>(decimal::ValueOfEight(joined));
  value = WithSign(
      static_cast<double>(integer) / decimal::kExactPowers.data()[others == 0 ? 0 : 7 - point],
      is_negative);
  return true;
}

/// The float nearest to a number of which `exact` is the nearest double; false: it is not known.
inline bool Narrow(double exact, float& value) {
  value = static_cast<float>(exact);
  return !decimal::IsHalfway(exact);
}
inline bool Narrow(double exact, double& value) {
  value = exact;
  return true;
}

/// Apart, for the registers that the usual form needs.
template <class T>
[[gnu::noinline]] bool ReadOther(const char* text, const char* after, const char* end, T& value) {
  const bool is_negative = *text == '-';
  double exact = 0;
  if (ReadShort(text + (is_negative ? 1 : 0), after, is_negative, exact) && Narrow(exact, value))
    return true;
  return ReadDecimal(text, end, value) == after;
}

/// The number that ends at `after`.
template <class T>
[[gnu::always_inline]] inline bool ReadEnded(const char* text, const char* after, const char* end,
                                             T& value) {
  const bool is_negative = *text == '-';
  double exact = 0;
  if (ReadFraction(text + (is_negative ? 1 : 0), after, is_negative, exact) && Narrow(exact, value))
      [[likely]]
    return true;
  return ReadOther(text, after, end, value);
}

/// The separators of the next stretch of text.
class Stretch {
 public:
  Stretch(const char* text, const char* end)
      : text_(text),
        count_(FindSeparators(
            text,
            std::min(
                static_cast<std::size_t>(std::max<std::ptrdiff_t>(end - text, 0)) / kSeparatorBlock,
                kBlocks),
            offsets_.data())) {}
  std::size_t count() const { return count_; }
  const char* operator[](std::size_t i) const { return text_ + offsets_.data()[i]; }

 private:
  const char* text_;
  std::array<std::uint16_t, kBlocks * kSeparatorBlock> offsets_;
  std::size_t count_;
};

const char* SkipOneSpace(const char* text) { return text + (*text == ' ' ? 1 : 0); }

/// One by one, apart like ReadOther().
[[gnu::noinline]] bool ReadBothAlone(decimal::Ended a, decimal::Ended b, const char* end,
                                     float* out) {
  return ReadEnded(a.text, a.after, end, out[0]) && ReadEnded(b.text, b.after, end, out[1]);
}

[[gnu::always_inline]] inline bool ReadBoth(decimal::Ended a, decimal::Ended b, const char* end,
                                            float* out) {
  return decimal::ReadPair(a, b, out) || ReadBothAlone(a, b, end, out);
}

/// Numbers from `at` on that a ',' follows each, by their separators from the one called `first`;
/// moves `at` behind the last of them. Returns how many were read.
template <class T>
[[gnu::always_inline]] inline std::size_t ReadEach(const char*& at, const char* end,
                                                   const Stretch& separators, std::size_t first,
                                                   std::span<T> out) {
  std::size_t i = 0;
  if constexpr (decimal::kReadsPairs && std::is_same_v<T, float>) {
    for (; i + 1 < out.size(); i += 2) {
      const char* const comma = separators[first + i];
      const char* const after = separators[first + i + 1];
      const char* const next = SkipOneSpace(comma + 1);
      if (*comma != ',' || *after != ',' ||
          !ReadBoth({at, comma}, {next, after}, end, out.data() + i))
        break;
      at = SkipOneSpace(after + 1);
    }
  }
  for (; i < out.size(); ++i) {
    const char* const comma = separators[first + i];
    if (*comma != ',' || !ReadEnded(at, comma, end, out.data()[i])) break;
    at = SkipOneSpace(comma + 1);
  }
  return i;
}

template <class T>
DecimalRun ReadList(const char* text, const char* end, std::span<T> out) {
  DecimalRun run{.after = text};
  while (run.elements < out.size()) {
    const Stretch separators(run.after, end);
    const std::size_t count = std::min(separators.count(), out.size() - run.elements);
    if (count == 0) return run;
    const std::size_t read =
        ReadEach(run.after, end, separators, 0, out.subspan(run.elements, count));
    run.elements += read;
    if (read < count) return run;
  }
  return run;
}

/// Where the row after the one that ends at `bracket` begins; nullptr: none follows.
const char* NextRow(const char* bracket) {
  if (bracket[0] != ']' || bracket[1] != ',') return nullptr;
  const char* const next = SkipOneSpace(bracket + 2);
  return *next == '[' ? next : nullptr;
}

template <class T>
bool ReadRow(const char* text, const char* end, const Stretch& separators, std::size_t first,
             std::span<T> out) {
  const std::size_t last = out.size() - 1;
  if (ReadEach(text, end, separators, first, out.first(last)) < last) return false;
  return ReadEnded(text, separators[first + last], end, out.back());
}

template <class T>
DecimalRun ReadRows(const char* text, const char* end, std::size_t row_length, std::span<T> out) {
  DecimalRun run{.after = text};
  while (true) {
    const Stretch separators(run.after, end);
    const std::size_t rows =
        std::min(separators.count() / (row_length + 1), (out.size() - run.elements) / row_length);
    if (rows == 0) return run;
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t first = row * (row_length + 1);
      const char* const next = NextRow(separators[first + row_length - 1]);
      if (next == nullptr ||
          !ReadRow(run.after + 1, end, separators, first, out.subspan(run.elements, row_length)))
        return run;
      run.after = next;
      run.elements += row_length;
    }
  }
}

}  // namespace

DecimalRun ReadDecimals(const char* text, const char* end, std::span<float> out) {
  return ReadList(text, end, out);
}
DecimalRun ReadDecimals(const char* text, const char* end, std::span<double> out) {
  return ReadList(text, end, out);
}
DecimalRun ReadDecimalRows(const char* text, const char* end, std::size_t row_length,
                           std::span<float> out) {
  return ReadRows(text, end, row_length, out);
}
DecimalRun ReadDecimalRows(const char* text, const char* end, std::size_t row_length,
                           std::span<double> out) {
  return ReadRows(text, end, row_length, out);
}

}  // namespace slipway::serve
