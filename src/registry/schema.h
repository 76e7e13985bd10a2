#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "registry/sqlite.h"

namespace slipway::registry {

/// The steps that make a catalogue: step N takes one of schema N to schema N+1. Only ever appended
/// to.
std::span<const std::string_view> CatalogueSteps();

/// Brings the database at `path` to the schema after the last step, in one transaction, after a
/// durable copy to "PATH.before-N" when it is not new. Several processes may do this at once.
/// FailedPrecondition (kStoreNewer): it is newer than the steps.
Status Migrate(Database& database, const std::string& path,
               std::span<const std::string_view> steps);

/// FailedPrecondition (kStoreNewer), or (kStoreCorrupt) for an older one that cannot be migrated
/// because it is read-only.
Status CheckSchema(Database& database, std::span<const std::string_view> steps);

}  // namespace slipway::registry
