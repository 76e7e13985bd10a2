#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace slipway {

/// The cores this process may use: the least of the affinity mask and the cgroup's CPU quota (v2
/// cpu.max, v1 cfs quota), rounded up, at least 1. Read once at start; every pool and loop is sized
/// from it, so nothing oversubscribes.
struct ThreadBudget {
  unsigned cores = 1;
  std::string why;  ///< "2 of 8 cores: cgroup quota 200000/100000"
};
ThreadBudget DetectThreadBudget();

/// The memory this process may use, in bytes: the least of physical memory and the cgroup's limit.
std::uint64_t DetectMemoryLimit();

}  // namespace slipway
