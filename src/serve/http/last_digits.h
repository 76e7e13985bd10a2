#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "serve/http/decimal_short.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// Up to sixteen digits whose end is known, without a branch that depends on how many they are.
namespace slipway::serve::decimal {

inline constexpr std::size_t kMaxLastDigits = 16;

/// By how many of the last sixteen bytes are looked at: all bits of those, none of the others.
inline constexpr auto kLastBytes = [] {
  std::array<std::array<std::uint64_t, 2>, kMaxLastDigits + 1> masks{};
  const auto last = [](std::size_t bytes) {
    return bytes == 0 ? 0 : ~std::uint64_t{0} << (64 - 8 * bytes);
  };
  for (std::size_t bytes = 0; bytes <= kMaxLastDigits; ++bytes)
    masks[bytes] = {last(bytes < 8 ? 0 : bytes - 8), last(bytes < 8 ? bytes : 8)};
  return masks;
}();

/// The value of the `count` <= kMaxLastDigits bytes before `after`, of which sixteen are readable.
/// False, with any value: not all of them are digits. For every machine, and the slow twin.
inline bool ReadLastDigitsPortably(const char* after, std::size_t count, std::uint64_t& value) {
  const auto digits = [&](std::ptrdiff_t offset, std::uint64_t mask) {
    std::uint64_t bytes;
    std::memcpy(&bytes, after + offset, sizeof(bytes));
    return (bytes ^ 0x3030303030303030) & mask;
  };
  const auto no_digits = [](std::uint64_t bytes) {
    return (bytes | (bytes + 0x7676767676767676)) & 0x8080808080808080;
  };
  const std::uint64_t high = digits(-16, kLastBytes.data()[count][0]);
  const std::uint64_t low = digits(-8, kLastBytes.data()[count][1]);
  value = ValueOfEight(high) * 100'000'000 + ValueOfEight(low);
  return (no_digits(high) | no_digits(low)) == 0;
}

#if defined(__SSE2__)

inline bool ReadLastDigits(const char* after, std::size_t count, std::uint64_t& value) {
  const auto load = [](const void* from) {
    return _mm_loadu_si128(static_cast<const __m128i*>(from));
  };
  const __m128i zero = _mm_setzero_si128();
  const __m128i digits = _mm_and_si128(_mm_xor_si128(load(after - 16), _mm_set1_epi8('0')),
                                       load(kLastBytes.data() + count));
  // Twos, fours, eights: each step joins neighbours, the first of which stands for more.
  const __m128i tens = _mm_set1_epi32(10 | (1 << 16));
  const __m128i twos = _mm_packs_epi32(_mm_madd_epi16(_mm_unpacklo_epi8(digits, zero), tens),
                                       _mm_madd_epi16(_mm_unpackhi_epi8(digits, zero), tens));
  const __m128i fours = _mm_madd_epi16(twos, _mm_set1_epi32(100 | (1 << 16)));
  const __m128i eights =
      _mm_madd_epi16(_mm_packs_epi32(fours, fours), _mm_set1_epi32(10'000 | (1 << 16)));
  const auto both = static_cast<std::uint64_t>(_mm_cvtsi128_si64(eights));
  value = (both & 0xFFFFFFFF) * 100'000'000 + (both >> 32);
  const __m128i above_nine = _mm_subs_epu8(digits, _mm_set1_epi8(9));
  return _mm_movemask_epi8(_mm_cmpeq_epi8(above_nine, zero)) == 0xFFFF;
}

#else

inline bool ReadLastDigits(const char* after, std::size_t count, std::uint64_t& value) {
  return ReadLastDigitsPortably(after, count, value);
}

#endif

}  // namespace slipway::serve::decimal
