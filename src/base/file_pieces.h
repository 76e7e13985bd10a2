#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <span>
#include <vector>

#include "base/status.h"

namespace slipway {

/// Hands a file's content, from its beginning, to `take(std::span<const std::byte>)`, 256 KiB at a
/// time at most; the descriptor's position does not move. The disk's errors.
template <class Take>
Status ReadInPieces(int descriptor, Take take) {
  constexpr std::size_t kPiece = std::size_t{1} << 18;
  std::vector<std::byte> buffer(kPiece);
  off_t offset = 0;
  for (;;) {
    const ssize_t count = pread(descriptor, buffer.data(), buffer.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus(errno, "cannot read a file");
    if (count == 0) return {};
    take(std::span<const std::byte>(buffer).first(static_cast<std::size_t>(count)));
    offset += count;
  }
}

}  // namespace slipway
