#pragma once

#include <cstddef>
#include <cstdint>

namespace slipway::serve::decimal {

/// Where a number stands in a stretch of text: its first byte, and the byte behind its last. Has no
/// values by itself, since there is room for as many as a stretch has bytes.
struct Place {
  std::uint16_t begin;
  std::uint16_t end;
};

/// Reads the numbers at `places` of `text` into `out`, four at a time and without a branch that
/// depends on what they look like, until four of which one is not certain: of another form than
/// "ddd" and "ddd.ddd", of more than sixteen bytes without a point among the first sixteen, of more
/// than 31 bytes, or so near to the middle between two floats that it takes an exact way. Returns
/// how many are in `out`, each the float nearest to its number; 0 where the processor cannot do
/// that. Where there are four, the last three at most are read together with those before them.
///
/// Precondition: 32 bytes behind each place are readable, and `begin` <= `end`.
std::size_t ReadFours(const char* text, const Place* places, std::size_t count, float* out);

}  // namespace slipway::serve::decimal
