#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "serve/http/decimal_short.h"
#include "serve/http/last_digits.h"

// Two floats at once: what one number needs fills half a register of SSE2, and a long list of
// numbers is read in three quarters of the time.
namespace slipway::serve::decimal {

/// One number: its first byte and its end.
struct Ended {
  const char* text;
  const char* after;
};

#if defined(__SSE2__)

inline constexpr bool kReadsPairs = true;

/// How often a first digit counts, by the digits that follow the point: w * 10^d, exactly.
inline constexpr auto kWholes = [] {
  std::array<std::array<double, 10>, kMaxLastDigits + 1> wholes{};
  for (std::size_t digits = 0; digits <= kMaxLastDigits; ++digits) {
    for (std::size_t whole = 0; whole < 10; ++whole)
      wholes[digits][whole] = static_cast<double>(whole) * kExactPowers[digits];
  }
  return wholes;
}();

/// 10^-d, rounded.
inline constexpr auto kInverses = [] {
  std::array<double, kMaxLastDigits + 1> inverses{};
  for (std::size_t digits = 0; digits <= kMaxLastDigits; ++digits)
    inverses[digits] = 1 / kExactPowers[digits];
  return inverses;
}();

/// "d.ddd" or "-d.ddd" taken apart, one to sixteen digits behind the point.
class Parted {
 public:
  [[gnu::always_inline]] explicit Parted(Ended number)
      : is_negative_(*number.text == '-'), after_(number.after) {
    const char* const text = number.text + (is_negative_ ? 1 : 0);
    digits_ = static_cast<std::size_t>(after_ - text) - 2;
    whole_ = static_cast<unsigned char>(text[0] - '0');
    is_usual_ = digits_ - 1 < kMaxLastDigits && whole_ <= 9 && text[1] == '.';
  }
  bool is_usual() const { return is_usual_; }

  // The rest holds for a usual one.
  __m128i Digits() const {
    const auto load = [](const void* from) {
      return _mm_loadu_si128(static_cast<const __m128i*>(from));
    };
    return _mm_and_si128(_mm_xor_si128(load(after_ - 16), _mm_set1_epi8('0')),
                         load(kLastBytes.data() + digits_));
  }
  double Whole() const { return kWholes.data()[digits_].data()[whole_]; }
  double Inverse() const { return kInverses.data()[digits_]; }
  std::int64_t Sign() const { return static_cast<std::int64_t>(std::uint64_t{is_negative_} << 63); }

 private:
  bool is_negative_;
  const char* after_;
  std::size_t digits_;
  unsigned char whole_;
  bool is_usual_;
};

/// Four numbers of four digits each: the digits' twos, then their fours.
inline __m128i Fours(__m128i digits) {
  const __m128i zero = _mm_setzero_si128();
  const __m128i tens = _mm_set1_epi32(10 | (1 << 16));
  const __m128i twos = _mm_packs_epi32(_mm_madd_epi16(_mm_unpacklo_epi8(digits, zero), tens),
                                       _mm_madd_epi16(_mm_unpackhi_epi8(digits, zero), tens));
  return _mm_madd_epi16(twos, _mm_set1_epi32(100 | (1 << 16)));
}

/// All bits of the doubles so near to the middle between two floats that the error of the product
/// they came from may have moved them over it: up to two of their units in the last place and a
/// little, so three.
inline __m128i NearHalfway(__m128d values) {
  constexpr std::int64_t kLost = (std::int64_t{1} << 29) - 1;
  constexpr std::int64_t kHalfway = std::int64_t{1} << 28;
  constexpr std::int64_t kUnits = 3;
  const __m128i lost = _mm_and_si128(
      _mm_add_epi32(_mm_castpd_si128(values), _mm_set1_epi64x(kUnits)), _mm_set1_epi64x(kLost));
  const __m128i from = _mm_cmpgt_epi32(lost, _mm_set1_epi64x(kHalfway - 1));
  return _mm_and_si128(from, _mm_cmpgt_epi32(_mm_set1_epi64x(kHalfway + 2 * kUnits + 1), lost));
}

/// Reads two numbers into `out`. False, with any values: one has another form, more than 53 bits,
/// or a float that is not certain. Sixteen bytes before each end are readable.
///
/// The digits before and behind the point make an integer that a double holds exactly, and its
/// product with the rounded power of ten is within 2^-52 of the number.
[[gnu::always_inline]] inline bool ReadPair(Ended first, Ended second, float* out) {
  const Parted a(first);
  const Parted b(second);
  if (!a.is_usual() || !b.is_usual()) return false;
  const __m128i a_digits = a.Digits();
  const __m128i b_digits = b.Digits();
  const __m128i nine = _mm_set1_epi8(9);
  const __m128i no_digits =
      _mm_or_si128(_mm_subs_epu8(a_digits, nine), _mm_subs_epu8(b_digits, nine));
  // a's first and second eight digits, then b's.
  const __m128i eights = _mm_madd_epi16(_mm_packs_epi32(Fours(a_digits), Fours(b_digits)),
                                        _mm_set1_epi32(10'000 | (1 << 16)));
  const __m128d high = _mm_cvtepi32_pd(_mm_shuffle_epi32(eights, _MM_SHUFFLE(0, 0, 2, 0)));
  const __m128d low = _mm_cvtepi32_pd(_mm_shuffle_epi32(eights, _MM_SHUFFLE(0, 0, 3, 1)));
  const __m128d fractions = _mm_add_pd(_mm_mul_pd(high, _mm_set1_pd(1e8)), low);
  const __m128d mantissas = _mm_add_pd(fractions, _mm_set_pd(b.Whole(), a.Whole()));
  const __m128d values = _mm_mul_pd(mantissas, _mm_set_pd(b.Inverse(), a.Inverse()));
  const __m128d signs = _mm_castsi128_pd(_mm_set_epi64x(b.Sign(), a.Sign()));
  _mm_storel_pi(reinterpret_cast<__m64*>(out), _mm_cvtpd_ps(_mm_or_pd(values, signs)));
  const __m128d too_long = _mm_cmpgt_pd(mantissas, _mm_set1_pd(0x1p53 - 1));
  const __m128i no =
      _mm_or_si128(_mm_or_si128(no_digits, NearHalfway(values)), _mm_castpd_si128(too_long));
  return _mm_movemask_epi8(_mm_cmpeq_epi8(no, _mm_setzero_si128())) == 0xFFFF;
}

#else

inline constexpr bool kReadsPairs = false;
inline bool ReadPair(Ended, Ended, float*) { return false; }

#endif

}  // namespace slipway::serve::decimal
