#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace slipway::sandbox {

enum class Drained : std::uint8_t { kMore, kEnd, kTooMuch };

/// Takes what a pipe, which does not block, holds now. With `drop_beyond`, bytes beyond the limit
/// are dropped instead of being too much. kEnd: nobody has its other end any more.
Drained Drain(int descriptor, std::size_t max_bytes, bool drop_beyond, std::string& into);

}  // namespace slipway::sandbox
