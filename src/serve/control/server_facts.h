#pragma once

#include <array>
#include <string_view>

namespace slipway::serve {

/// What the server says of itself in the metadata of every protocol: only the extensions that are
/// there.
inline constexpr std::string_view kServerName = "slipway";
inline constexpr std::array<std::string_view, 7> kServerExtensions = {
    "classification",      "model_repository",   "model_repository(unload_dependents)",
    "model_configuration", "binary_tensor_data", "parameters",
    "statistics"};

}  // namespace slipway::serve
