#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "repository/version_policy.h"
#include "serve/model/model_config.h"

namespace slipway::serve {

/// Which of a model's versions are to be served.
using VersionChoice = repository::VersionPolicy;

/// The versions chosen among `available` (ascending). NotFound: a specific version that is not
/// there. Pure.
Result<std::vector<std::int64_t>> ChooseVersions(const VersionChoice& choice,
                                                 std::span<const std::int64_t> available);

/// What the body of a load asks for.
struct LoadRequest {
  /// Replaces what is loaded of the model, unless `version` or `alias` is given; absent: what the
  /// source says, which is the latest where nothing is configured.
  std::optional<VersionChoice> choice;
  std::optional<std::int64_t> version;  ///< adds this version beside those that are loaded
  std::string alias;                    ///< adds the version that the alias names
  std::optional<ModelConfig> config;    ///< in the place of the package's own
};

}  // namespace slipway::serve
