#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "registry/registry.h"
#include "registry/sqlite.h"

// What the catalogue's tables hold, as values. Each function is one or a few statements in the
// caller's transaction, if there is one.
namespace slipway::registry {

/// By model, then version; of one model, or of all for "".
Result<std::vector<ModelVersion>> SelectVersions(Database& database, const std::string& model);
/// Models that have a version, sorted.
Result<std::vector<std::string>> SelectModelNames(Database& database);
Result<std::vector<Event>> SelectEvents(Database& database, const std::string& model);
/// Every file that a version needs, its manifest included.
Result<std::set<Digest>> SelectNeededBlobs(Database& database);

/// The number after the model's last one, which is thereby used up.
Result<std::int64_t> TakeNextVersion(Database& database, const std::string& model);
Status InsertVersion(Database& database, const ModelVersion& version,
                     const std::vector<package::Blob>& blobs);
/// Its blobs and aliases go with it.
Status DeleteVersion(Database& database, const std::string& model, std::int64_t version);

Status PutAlias(Database& database, const std::string& model, const std::string& alias,
                std::int64_t version);
Status DeleteAlias(Database& database, const std::string& model, const std::string& alias);

Status InsertEvent(Database& database, const std::string& model, std::string_view what,
                   const std::string& detail);

}  // namespace slipway::registry
