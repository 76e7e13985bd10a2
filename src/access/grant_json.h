#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/grant.h"
#include "base/status.h"

namespace slipway::access {

/// The form of keys.json: {"keys": [{"id", "name", "roles", "created", "expires"?, "quota"?, and
/// one of "sha256", "certificate" and "password"}]}.
std::string EncodeGrants(std::span<const Grant> grants);
/// What EncodeGrants() wrote. InvalidArgument, naming the place.
Result<std::vector<Grant>> DecodeGrants(std::string_view text);

}  // namespace slipway::access
