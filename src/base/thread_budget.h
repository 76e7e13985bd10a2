#pragma once

#include <cstdint>
#include <string>

namespace slipway {

/// The cores this process may use: the least of the affinity mask and the cgroup's CPU quota (v2
/// cpu.max, v1 cfs quota), rounded up, at least 1. Read once at start; every pool and loop is sized
/// from it, so nothing oversubscribes. `system_root` stands before /proc and /sys: a test's own
/// tree.
struct ThreadBudget {
  unsigned cores = 1;
  std::string why;  ///< "2 of 8 cores: cgroup quota 200000/100000"
};
ThreadBudget DetectThreadBudget(const std::string& system_root = "");

/// The memory this process may use, in bytes: the least of physical memory and the cgroup's limit.
std::uint64_t DetectMemoryLimit(const std::string& system_root = "");

}  // namespace slipway
