#pragma once

#include <cstdlib>
#include <string>

namespace slipway::server {

/// The value of an environment variable, which then is one no more: "" without it. Before any other
/// thread starts.
inline std::string TakeVariable(const char* name) {
  const char* const value = std::getenv(name);
  std::string text = value == nullptr ? "" : value;
  unsetenv(name);
  return text;
}

}  // namespace slipway::server
