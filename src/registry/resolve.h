#pragma once

#include <span>
#include <string>

#include "base/status.h"
#include "registry/registry.h"

namespace slipway::registry {

/// The version that `reference` names among all of its model's, ascending: a number, an alias, the
/// newest of a digest, else the newest. NotFound (kModelNotFound) with what there is instead.
/// Precondition: `versions` is not empty.
Result<ModelVersion> PickVersion(const Reference& reference,
                                 std::span<const ModelVersion> versions);

/// NotFound (kModelNotFound) with the nearest of the names that exist.
Status NoSuchModel(const std::string& model, std::span<const std::string> names);

/// InvalidArgument (kUsage): no model name, digits only, or "latest".
Status CheckAlias(const std::string& alias);

}  // namespace slipway::registry
