#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "serve/shared_memory/shared_region.h"

namespace slipway::serve {

/// Reads {"key": "/input", "offset": 0, "byte_size": 64}, of which the offset may be left out.
/// InvalidArgument (kRequestNotJson, kRequestFieldInvalid).
Result<RegionFacts> ParseRegisterRequest(std::string_view name, std::string_view body);

/// [{"name", "key", "offset", "byte_size"}].
std::string EncodeRegions(std::span<const RegionFacts> regions);

}  // namespace slipway::serve
