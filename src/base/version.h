#pragma once

#include <string_view>

namespace slipway {

/// The program's version, of CMake's project(). It goes into packages (lineage) and answers.
inline constexpr std::string_view kVersion = SLIPWAY_VERSION;

}  // namespace slipway
