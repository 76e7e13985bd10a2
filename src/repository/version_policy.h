#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace slipway::repository {

/// Which of a model's versions are to be served: Triton's and TensorFlow Serving's three policies.
struct VersionPolicy {
  enum class Kind { kLatest, kAll, kSpecific } kind = Kind::kLatest;
  std::int64_t count = 1;              ///< kLatest: how many of the highest numbers
  std::vector<std::int64_t> versions;  ///< kSpecific
  bool operator==(const VersionPolicy&) const = default;
};

struct SelectedVersions {
  std::vector<std::int64_t> versions;  ///< those that are there, ascending, each once
  std::vector<std::int64_t> missing;   ///< asked for by number and not there
};

/// The versions that the policy selects among `available` (ascending). Pure.
SelectedVersions SelectVersions(const VersionPolicy& policy,
                                std::span<const std::int64_t> available);

/// "latest 2", "all", "specific 1, 3".
std::string ToString(const VersionPolicy& policy);

}  // namespace slipway::repository
