#include "serve/http/decimal_four.h"

#include <algorithm>
#include <array>
#include <limits>

#include "serve/http/avx2.h"

namespace slipway::serve::decimal {

#if defined(SLIPWAY_HAS_AVX2_FUNCTIONS)
namespace {

constexpr std::size_t kWindow = 16;     // of a number's first bytes, which make its value
constexpr std::size_t kMaxLength = 31;  // what is behind the window only has to be digits
constexpr std::size_t kLonger = kWindow + 1;
constexpr std::uint8_t kNoByte = 0x80;

/// What is done with a number by how long it is and where its point stands: its digits move
/// together to the front of sixteen places, the others of which are zeros, and the integer in these
/// is taken times a power of ten.
struct alignas(32) Form {
  std::array<std::uint8_t, kWindow> digits{};  ///< which byte goes to each place
  std::array<double, 2> scale{};  ///< of a number without a sign, and with one; NaN: is no number
};

constexpr Form FormOf(std::size_t length, std::size_t point) {
  Form form;
  form.digits.fill(kNoByte);
  form.scale.fill(std::numeric_limits<double>::quiet_NaN());
  const std::size_t shown = std::min(length, kWindow);
  const bool has_point = point < shown;
  const bool is_cut_off = has_point ? point == 0 || point + 1 == length : length == kLonger;
  if (length == 0 || is_cut_off) return form;
  std::size_t place = 0;
  for (std::size_t byte = 0; byte < shown; ++byte) {
    if (byte != point) form.digits[place++] = static_cast<std::uint8_t>(byte);
  }
  double power = 1;  // exact
  for (std::size_t i = has_point ? point : length; i < kWindow; ++i) power *= 10;
  form.scale = {1 / power, -1 / power};
  return form;
}

/// By length, up to kLonger, and by the place of the point, up to kWindow for none.
constexpr auto kForms = [] {
  std::array<std::array<Form, 2 * kWindow>, kLonger + 1> forms{};
  for (std::size_t length = 0; length <= kLonger; ++length) {
    for (std::size_t point = 0; point <= kWindow; ++point)
      forms[length][point] = FormOf(length, point);
  }
  return forms;
}();

/// Sixteen bytes that begin at `kWindow - n` are ones in the first n.
constexpr auto kFirstBytes = [] {
  std::array<std::uint8_t, 2 * kWindow> bytes{};
  for (std::size_t i = 0; i < kWindow; ++i) bytes[i] = 0xFF;
  return bytes;
}();

/// A number without its sign.
struct Unsigned {
  [[gnu::always_inline]] Unsigned(const char* text, Place place)
      : is_negative(text[place.begin] == '-' ? 1 : 0),
        first(text + place.begin + is_negative),
        length(static_cast<std::size_t>(text + place.end - first)) {}
  std::size_t is_negative;
  const char* first;
  std::size_t length;
};

[[gnu::always_inline]] SLIPWAY_AVX2 inline __m256i LoadBoth(const void* low, const void* high) {
  return _mm256_inserti128_si256(
      _mm256_castsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(low))),
      _mm_loadu_si128(static_cast<const __m128i*>(high)), 1);
}

[[gnu::always_inline]] SLIPWAY_AVX2 inline __m256i LessZeros(__m256i bytes) {
  return _mm256_xor_si256(bytes, _mm256_set1_epi8('0'));
}

/// Two numbers taken apart.
struct Both {
  __m256i digits;  ///< sixteen of each
  const double* low_scale;
  const double* high_scale;
};

template <bool kMayBeLonger>
[[gnu::always_inline]] SLIPWAY_AVX2 inline const Form& FindForm(const Unsigned& number,
                                                                unsigned points) {
  const unsigned point = _tzcnt_u32(points | (1U << kWindow));
  const std::size_t length = kMayBeLonger ? std::min(number.length, kLonger) : number.length;
  return kForms.data()[length].data()[point];
}

template <bool kMayBeLonger>
[[gnu::always_inline]] SLIPWAY_AVX2 inline Both Part(const Unsigned& low, const Unsigned& high) {
  const __m256i bytes = LessZeros(LoadBoth(low.first, high.first));
  const auto points = static_cast<unsigned>(
      _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8('.' ^ '0'))));
  const Form& low_form = FindForm<kMayBeLonger>(low, points);
  const Form& high_form = FindForm<kMayBeLonger>(high, points >> kWindow);
  return {.digits =
              _mm256_shuffle_epi8(bytes, LoadBoth(low_form.digits.data(), high_form.digits.data())),
          .low_scale = low_form.scale.data() + low.is_negative,
          .high_scale = high_form.scale.data() + high.is_negative};
}

/// The digits behind the window, zeros elsewhere.
[[gnu::always_inline]] SLIPWAY_AVX2 inline __m256i Rest(const Unsigned& low, const Unsigned& high) {
  const auto mask = [](const Unsigned& number) {
    return kFirstBytes.data() + kWindow - (std::max(number.length, kWindow) - kWindow);
  };
  return _mm256_and_si256(LessZeros(LoadBoth(low.first + kWindow, high.first + kWindow)),
                          LoadBoth(mask(low), mask(high)));
}

/// Eight numbers of four digits each: the digits' twos, then their fours.
[[gnu::always_inline]] SLIPWAY_AVX2 inline __m256i Fours(__m256i digits) {
  const __m256i twos = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(10 | (1 << 8)));
  return _mm256_madd_epi16(twos, _mm256_set1_epi32(100 | (1 << 16)));
}

/// Integers below 2^52 in 64 bits each, as doubles.
[[gnu::always_inline]] SLIPWAY_AVX2 inline __m256d AsDoubles(__m256i integers) {
  const __m256d base = _mm256_set1_pd(0x1p52);
  return _mm256_sub_pd(_mm256_castsi256_pd(_mm256_or_si256(integers, _mm256_castpd_si256(base))),
                       base);
}

/// The integers that four times sixteen digits make, rounded once, in the order of the numbers:
/// the low one of the first, the low one of the second, the high ones.
[[gnu::always_inline]] SLIPWAY_AVX2 inline __m256d Integers(__m256i first, __m256i second) {
  const __m256i eights = _mm256_madd_epi16(_mm256_packus_epi32(Fours(first), Fours(second)),
                                           _mm256_set1_epi32(10'000 | (1 << 16)));
  const __m256d high = AsDoubles(_mm256_and_si256(eights, _mm256_set1_epi64x(0xFFFFFFFF)));
  const __m256d low = AsDoubles(_mm256_srli_epi64(eights, 32));
  return _mm256_add_pd(_mm256_mul_pd(high, _mm256_set1_pd(1e8)), low);
}

/// Writes the floats nearest to four numbers. False: one of them is not certain, and what is
/// written for it is any value.
///
/// Each is within 2^-51 of itself of the product: the integer, the power of ten and the product are
/// rounded, by 2^-53 each. It is certain if both ends of a wider interval are nearest to one float.
template <bool kMayBeLonger>
[[gnu::always_inline]] SLIPWAY_AVX2 inline bool ReadFour(const Unsigned& a, const Unsigned& b,
                                                         const Unsigned& c, const Unsigned& d,
                                                         float* out) {
  const Both ac = Part<kMayBeLonger>(a, c);
  const Both bd = Part<kMayBeLonger>(b, d);
  const __m256d integers = Integers(ac.digits, bd.digits);
  const __m256d scales =
      _mm256_set_pd(*bd.high_scale, *ac.high_scale, *bd.low_scale, *ac.low_scale);
  const __m256d products = _mm256_mul_pd(integers, scales);
  __m256i largest = _mm256_max_epu8(ac.digits, bd.digits);
  const __m256d from = _mm256_mul_pd(products, _mm256_set1_pd(1 - 0x1p-50));
  __m256d to = _mm256_mul_pd(products, _mm256_set1_pd(1 + 0x1p-50));
  if constexpr (kMayBeLonger) {
    // What the window does not hold makes less than one in the last of its fifteen digits.
    const __m256i lengths =
        _mm256_set_epi64x(static_cast<std::int64_t>(d.length), static_cast<std::int64_t>(c.length),
                          static_cast<std::int64_t>(b.length), static_cast<std::int64_t>(a.length));
    const __m256d is_longer = _mm256_castsi256_pd(
        _mm256_cmpgt_epi64(lengths, _mm256_set1_epi64x(static_cast<std::int64_t>(kWindow))));
    to = _mm256_add_pd(
        to, _mm256_and_pd(is_longer, _mm256_mul_pd(scales, _mm256_set1_pd(10 + 0x1p-40))));
    largest = _mm256_max_epu8(largest, _mm256_max_epu8(Rest(a, c), Rest(b, d)));
  }
  const __m128 nearest = _mm256_cvtpd_ps(from);
  _mm_storeu_ps(out, nearest);
  const __m128 is_certain = _mm_cmpeq_ps(nearest, _mm256_cvtpd_ps(to));
  const __m256i no_digits = _mm256_subs_epu8(largest, _mm256_set1_epi8(9));
  // "012": more than one digit before the point, of which the first is zero.
  const __m256d begins_with_zero =
      _mm256_and_pd(_mm256_cmp_pd(integers, _mm256_set1_pd(1e15), _CMP_LT_OQ),
                    _mm256_cmp_pd(_mm256_andnot_pd(_mm256_set1_pd(-0.0), scales),
                                  _mm256_set1_pd(5e-15), _CMP_GT_OQ));
  const __m256i no = _mm256_or_si256(no_digits, _mm256_castpd_si256(begins_with_zero));
  return _mm256_testz_si256(no, no) != 0 && _mm_movemask_ps(is_certain) == 0xF;
}

/// Fours from `read` on, until one that is not certain or, where none may be, one that is longer.
template <bool kMayBeLonger>
[[gnu::noinline]] SLIPWAY_AVX2 std::size_t ReadWhile(const char* text, const Place* places,
                                                     std::size_t read, std::size_t count,
                                                     float* out) {
  for (; read + 4 <= count; read += 4) {
    const Unsigned a(text, places[read]);
    const Unsigned b(text, places[read + 1]);
    const Unsigned c(text, places[read + 2]);
    const Unsigned d(text, places[read + 3]);
    const std::size_t lengths = a.length | b.length | c.length | d.length;
    if (lengths > (kMayBeLonger ? kMaxLength : kWindow - 1)) break;
    if (!ReadFour<kMayBeLonger>(a, b, c, d, out + read)) break;
  }
  return read;
}

}  // namespace

std::size_t ReadFours(const char* text, const Place* places, std::size_t count, float* out) {
  if (!HasAvx2() || count < 4) return 0;
  const auto read_from = [&](std::size_t first) {
    const std::size_t read = ReadWhile<false>(text, places, first, count, out);
    return ReadWhile<true>(text, places, read, count, out);
  };
  const std::size_t read = read_from(0);
  const bool are_left = read < count && read + 4 > count;
  // Those of the last four that are in `out` are written again, to the same values.
  return are_left && read_from(count - 4) == count ? count : read;
}

#else

std::size_t ReadFours(const char*, const Place*, std::size_t, float*) { return 0; }

#endif

}  // namespace slipway::serve::decimal
