#pragma once

#include <cstddef>
#include <cstdint>

namespace slipway::net {

/// What became of an attempt to receive or to send on a socket that does not block.
struct IoResult {
  enum class State : std::uint8_t {
    kMoved,          ///< `count` bytes, at least one
    kWaitsForInput,  ///< nothing now: again when the socket is readable
    kWaitsForRoom,   ///< nothing now: again when the socket is writable
    kEnded,          ///< the peer sends no more
    kBroken,         ///< nothing more goes either way
  };
  State state = State::kBroken;
  std::size_t count = 0;

  bool moved() const { return state == State::kMoved; }
};

}  // namespace slipway::net
