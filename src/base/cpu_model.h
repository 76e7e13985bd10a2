#pragma once

#include <string>

namespace slipway {

// Both read /proc/cpuinfo anew by each call. `system_root` stands before /proc: a test's own tree.

/// What the kernel calls the first processor, "Intel(R) Xeon(R) ...", else its architecture.
std::string CpuModel(const std::string& system_root = "");

/// What the first processor can do, as the kernel lists it, as one short text: equal on two
/// machines only where code made for one runs on the other. "": the kernel does not say.
std::string CpuFeatures(const std::string& system_root = "");

}  // namespace slipway
