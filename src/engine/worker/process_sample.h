#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

namespace slipway::engine {

// What the kernel tells of another process, which has not been waited for. Zero, and "awake", where
// it does not.

/// Of all its threads, since it began.
std::chrono::nanoseconds CpuTimeOf(pid_t process);
/// The same of one of them, to the hundredth of a second.
std::chrono::nanoseconds CpuTimeOfThread(pid_t process, std::uint32_t thread);
/// Every thread sleeps or is stopped: none runs, waits for a core or for a disk.
bool IsAsleep(pid_t process);

}  // namespace slipway::engine
