#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace slipway {

/// A checksum of content (XXH3, 128 bits): tells damage as surely as a digest does in a fraction of
/// its time, and is no proof against somebody who wants two contents to have the same one.
struct Checksum {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// 32 lower-case hexadecimal digits, as xxhsum writes it.
  std::string Hex() const;
  auto operator<=>(const Checksum&) const = default;
};

/// Accepts exactly what Hex() writes. InvalidArgument otherwise.
Result<Checksum> ParseChecksum(std::string_view text);

Checksum ChecksumOf(std::string_view text);

/// The checksum of a file's content from its beginning; the descriptor's position does not move.
Result<Checksum> ChecksumOfFile(int descriptor);

}  // namespace slipway
