#pragma once

#include <string>

namespace slipway {

/// What the kernel calls the first processor, "Intel(R) Xeon(R) ...", else its architecture. Read
/// anew by each call. `system_root` stands before /proc: a test's own tree.
std::string CpuModel(const std::string& system_root = "");

}  // namespace slipway
