#pragma once

#include <cstddef>
#include <cstdint>

namespace slipway::serve {

struct SequenceLimits {
  std::size_t max_sequences = 1024;  ///< of one model, at one time
  std::size_t max_waiting = 256;     ///< requests of one sequence that wait for their turn
  std::uint64_t max_state_bytes = std::uint64_t{1} << 30;  ///< of all sequences
};

}  // namespace slipway::serve
