#include "serve/http/separators.h"

#include <bit>
#include <cstring>

#include "serve/http/avx2.h"

namespace slipway::serve {
namespace {

constexpr std::size_t kUsual = 8;  // this many are written always: fewer branches to guess

#if defined(SLIPWAY_HAS_AVX2_FUNCTIONS)

/// One bit for each of 32 bytes, the first in the lowest: set if it is ',' or ']'.
[[gnu::always_inline]] SLIPWAY_AVX2 inline std::uint64_t SeparatorBitsOf32(const char* text) {
  const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
  const __m256i found = _mm256_or_si256(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(',')),
                                        _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(']')));
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(found));
}

SLIPWAY_AVX2 std::size_t FindSeparatorsByAvx2(const char* text, std::size_t blocks,
                                              std::uint16_t* offsets) {
  std::uint16_t* next = offsets;
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t base = block * kSeparatorBlock;
    std::uint64_t bits = SeparatorBitsOf32(text + base) | SeparatorBitsOf32(text + base + 32) << 32;
    std::uint16_t* const after = next + _mm_popcnt_u64(bits);
    do {
#pragma GCC unroll 8
      for (std::size_t i = 0; i < kUsual; ++i, bits = _blsr_u64(bits))
        next[i] = static_cast<std::uint16_t>(base + _tzcnt_u64(bits));
      next += kUsual;
    } while (bits != 0);
    next = after;
  }
  return static_cast<std::size_t>(next - offsets);
}

#endif

/// The high bit of every byte that is `value`.
std::uint64_t BytesThatAre(std::uint64_t bytes, std::uint64_t value) {
  constexpr std::uint64_t kLow = 0x7F7F7F7F7F7F7F7F;
  bytes ^= value * 0x0101010101010101;
  return ~(((bytes & kLow) + kLow) | bytes | kLow);
}

/// One bit for each of 64 bytes, the first in the lowest: set if it is ',' or ']'.
std::uint64_t SeparatorBits(const char* text) {
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) {
    std::uint64_t bytes;
    std::memcpy(&bytes, text + 8 * i, sizeof(bytes));
    const std::uint64_t found = BytesThatAre(bytes, ',') | BytesThatAre(bytes, ']');
    bits |= ((found >> 7) * 0x0102040810204080 >> 56) << (8 * i);
  }
  return bits;
}

/// std::popcount() is a call into the compiler's library where the machine's own is not assumed.
std::size_t CountOf(std::uint64_t bits) {
  bits -= (bits >> 1) & 0x5555555555555555;
  bits = (bits & 0x3333333333333333) + ((bits >> 2) & 0x3333333333333333);
  bits = (bits + (bits >> 4)) & 0x0F0F0F0F0F0F0F0F;
  return bits * 0x0101010101010101 >> 56;
}

}  // namespace

std::size_t FindSeparators(const char* text, std::size_t blocks, std::uint16_t* offsets) {
#if defined(SLIPWAY_HAS_AVX2_FUNCTIONS)
  if (HasAvx2()) return FindSeparatorsByAvx2(text, blocks, offsets);
#endif
  return FindSeparatorsPortably(text, blocks, offsets);
}

std::size_t FindSeparatorsPortably(const char* text, std::size_t blocks, std::uint16_t* offsets) {
  constexpr std::uint64_t kTop = std::uint64_t{1} << 63;
  std::size_t count = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    const auto base = static_cast<unsigned>(block * kSeparatorBlock);
    std::uint64_t bits = SeparatorBits(text + base);
    const std::size_t found = CountOf(bits);
    const auto write = [&](std::size_t i) {
      offsets[count + i] =
          static_cast<std::uint16_t>(base + static_cast<unsigned>(std::countr_zero(bits | kTop)));
      bits &= bits - 1;
    };
#pragma GCC unroll 8
    for (std::size_t i = 0; i < kUsual; ++i) write(i);
    for (std::size_t i = kUsual; i < found; ++i) write(i);
    count += found;
  }
  return count;
}

std::size_t FindSeparatorsSlowly(const char* text, std::size_t blocks, std::uint16_t* offsets) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < blocks * kSeparatorBlock; ++i) {
    if (text[i] == ',' || text[i] == ']') offsets[count++] = static_cast<std::uint16_t>(i);
  }
  return count;
}

}  // namespace slipway::serve
