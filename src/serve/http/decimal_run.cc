#include "serve/http/decimal_run.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "serve/http/decimal.h"
#include "serve/http/decimal_four.h"
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

const char* SkipOneSpace(const char* text) { return text + (*text == ' ' ? 1 : 0); }

/// Numbers of a stretch of text, by where they stand in it.
class Stretch {
 public:
  /// Finds the separators of the next blocks.
  Stretch(const char* text, const char* end)
      : text_(text),
        separators_(FindSeparators(
            text,
            std::min(
                static_cast<std::size_t>(std::max<std::ptrdiff_t>(end - text, 0)) / kSeparatorBlock,
                kBlocks),
            offsets_.data())) {}

  /// Takes `most` numbers which a ',' follows each, or those before something else.
  void TakeNumbers(std::size_t most) {
    const std::size_t wanted = std::min(most, separators_);
    Taken taken;
    while (taken.count < wanted && Take(taken, offsets_.data()[taken.count], ',')) {
    }
    taken_ = taken;
    is_ended_ = taken.count < wanted;
  }

  /// Takes `most` rows of `length` numbers each, "[...],", which the '[' of another follows.
  void TakeRows(std::size_t most, std::size_t length) {
    const std::uint16_t* separators = offsets_.data();
    const std::size_t wanted = std::min(most, separators_ / (length + 1)) * length;
    for (; taken_.count < wanted; separators += length + 1) {
      Taken taken = taken_;
      is_ended_ = !TakeRow(taken, separators, length);
      if (is_ended_) return;
      taken_ = taken;
    }
  }

  const char* text() const { return text_; }
  std::size_t count() const { return taken_.count; }
  decimal::Place operator[](std::size_t i) const { return places_.data()[i]; }
  const decimal::Place* places() const { return places_.data(); }
  const char* next() const { return text_ + taken_.next; }  ///< behind what was taken
  bool is_ended() const { return is_ended_; }               ///< something else follows there

 private:
  struct Taken {
    std::size_t count = 0;
    std::uint16_t next = 0;  ///< the offset behind them
  };

  bool Take(Taken& taken, std::uint16_t separator, char wanted) {
    if (text_[separator] != wanted) return false;
    places_.data()[taken.count++] = {.begin = taken.next, .end = separator};
    taken.next = OffsetOf(SkipOneSpace(text_ + separator + 1));
    return true;
  }

  bool TakeRow(Taken& taken, const std::uint16_t* separators, std::size_t length) {
    ++taken.next;  // the '['
    for (std::size_t i = 0; i + 1 < length; ++i) {
      if (!Take(taken, separators[i], ',')) return false;
    }
    const char* const bracket = text_ + separators[length - 1];
    if (!Take(taken, separators[length - 1], ']') || bracket[1] != ',') return false;
    const char* const next = SkipOneSpace(bracket + 2);
    taken.next = OffsetOf(next);
    return *next == '[';
  }

  std::uint16_t OffsetOf(const char* at) const { return static_cast<std::uint16_t>(at - text_); }

  const char* text_;
  std::array<std::uint16_t, kBlocks * kSeparatorBlock> offsets_;
  std::array<decimal::Place, kBlocks * kSeparatorBlock> places_;
  std::size_t separators_;
  Taken taken_;
  bool is_ended_ = false;
};

/// Numbers one by one. Returns how many were read.
template <class T>
std::size_t ReadAlone(const Stretch& stretch, std::size_t from, std::size_t to, const char* end,
                      T* out) {
  for (std::size_t i = from; i < to; ++i) {
    const decimal::Place place = stretch[i];
    if (!ReadEnded(stretch.text() + place.begin, stretch.text() + place.end, end, out[i])) return i;
  }
  return to;
}

std::size_t ReadPlaces(const Stretch& stretch, const char* end, double* out) {
  return ReadAlone(stretch, 0, stretch.count(), end, out);
}
std::size_t ReadPlaces(const Stretch& stretch, const char* end, float* out) {
  constexpr std::size_t kAtOnce = 4;
  std::size_t read = 0;
  while (read < stretch.count()) {
    read += decimal::ReadFours(stretch.text(), stretch.places() + read, stretch.count() - read,
                               out + read);
    const std::size_t until = std::min(read + kAtOnce, stretch.count());
    read = ReadAlone(stretch, read, until, end, out);
    if (read < until) break;
  }
  return read;
}

template <class T>
DecimalRun ReadList(const char* text, const char* end, std::span<T> out) {
  DecimalRun run{.after = text};
  while (run.elements < out.size()) {
    Stretch stretch(run.after, end);
    stretch.TakeNumbers(out.size() - run.elements);
    const std::size_t read = ReadPlaces(stretch, end, out.data() + run.elements);
    run.elements += read;
    const bool is_all = read == stretch.count();
    run.after = is_all ? stretch.next() : stretch.text() + stretch[read].begin;
    if (!is_all || stretch.is_ended() || read == 0) break;
  }
  return run;
}

template <class T>
DecimalRun ReadRows(const char* text, const char* end, std::size_t row_length, std::span<T> out) {
  DecimalRun run{.after = text};
  while (true) {
    Stretch stretch(run.after, end);
    stretch.TakeRows((out.size() - run.elements) / row_length, row_length);
    const std::size_t read = ReadPlaces(stretch, end, out.data() + run.elements);
    const std::size_t whole = read / row_length * row_length;
    run.elements += whole;
    const bool is_all = read == stretch.count();
    run.after = is_all ? stretch.next() : stretch.text() + stretch[whole].begin - 1;
    if (!is_all || stretch.is_ended() || read == 0) return run;
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
