#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace slipway::serve {

/// One bound in force.
struct Limit {
  std::string name;  ///< "body_bytes"
  std::uint64_t value = 0;
  std::string unit;          ///< "bytes", "ms", "requests"
  std::string meaning;       ///< what happens beyond it
  std::string setting = "";  ///< the option that changes it; empty: fixed
};

/// What a server runs with, for people and tools (/v2/config). Never holds a secret.
struct Configuration {
  std::vector<std::pair<std::string, std::string>>
      facts;  ///< ("engine", "onnxruntime 1.23.2"), in order
  std::vector<Limit> limits;
};

}  // namespace slipway::serve
