#pragma once

#include <string_view>

#include "base/status.h"
#include "repository/model_settings.h"

namespace slipway::repository {

/// Reads Triton's config.pbtxt. What has an effect here is in the settings; every other field that
/// is set, unknown ones included, is named in `ignored`; a backend that is not here is a refusal.
/// InvalidArgument (kInvalidPackage) with line and column as place: it is not such a text, or a
/// number in it is impossible. Pure.
Result<ModelSettings> ParseTritonConfig(std::string_view text);

}  // namespace slipway::repository
