#pragma once

#include <cstdint>

namespace slipway::monitor {

/// What this process uses, as the kernel counts it. Fields that /proc does not tell are 0.
struct ProcessUsage {
  double cpu_seconds = 0;  ///< user and system
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t max_descriptors = 0;
  std::uint64_t threads = 0;
  double start_unix_seconds = 0;
};

/// Reads /proc; costs tens of microseconds.
ProcessUsage ReadProcessUsage();

}  // namespace slipway::monitor
