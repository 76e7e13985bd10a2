#pragma once

#include <cstddef>
#include <cstdint>

namespace slipway::serve {

/// Finds every ',' and ']' in text by 64 bytes at a time, so that what is between them can be read
/// without waiting for where the one before ends.
inline constexpr std::size_t kSeparatorBlock = 64;

/// Writes the offset of every ',' and ']' in the `blocks` blocks at `text`, ascending, to `offsets`
/// and returns how many there are. Precondition: blocks <= 1024, and one offset for each byte fits
/// (the ones behind the returned number hold any value).
std::size_t FindSeparators(const char* text, std::size_t blocks, std::uint16_t* offsets);

/// Its twin for processors without AVX2.
std::size_t FindSeparatorsPortably(const char* text, std::size_t blocks, std::uint16_t* offsets);

/// The slow twin: byte by byte.
std::size_t FindSeparatorsSlowly(const char* text, std::size_t blocks, std::uint16_t* offsets);

}  // namespace slipway::serve
