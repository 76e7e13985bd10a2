#pragma once

#include <string>

#include "base/status.h"
#include "repository/layout.h"

namespace slipway::repository {

/// Whether a path is a list of models rather than a model: a regular file called *.config or
/// *.json.
bool IsListFile(const std::string& path);

/// Looks at a folder, or at a list of models and what it names, and understands it. A folder with a
/// config.json or models.config that is such a list is read by it, without leaving the folder; a
/// list that is named itself may name folders anywhere. What ReadFolder() and ParseModelList() say.
Result<RepositoryLayout> ReadRepository(const std::string& path);

}  // namespace slipway::repository
