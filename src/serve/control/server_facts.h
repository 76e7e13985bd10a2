#pragma once

#include <string_view>
#include <vector>

namespace slipway::serve {

/// What the server says of itself in the metadata of every protocol: only the extensions that are
/// there.
inline constexpr std::string_view kServerName = "slipway";
inline std::vector<std::string_view> ServerExtensions(bool has_shared_memory) {
  std::vector<std::string_view> extensions = {
      "classification",      "model_repository",   "model_repository(unload_dependents)",
      "model_configuration", "binary_tensor_data", "parameters",
      "statistics",          "schedule_policy",    "sequence",
      "sequence(string_id)"};
  if (has_shared_memory) extensions.emplace_back("system_shared_memory");
  return extensions;
}

}  // namespace slipway::serve
