#pragma once

#include <string>

#include "base/status.h"
#include "repository/layout.h"
#include "repository/model_list.h"

namespace slipway::repository {

/// Whether a path is a list of models rather than a model: a regular file called *.config or
/// *.json.
bool IsListFile(const std::string& path);

/// Looks at a folder, or at a list of models and what it names, and understands it. A folder with a
/// config.json or models.config that is such a list is read by it, without leaving the folder; a
/// list that is named itself may name folders anywhere. What ReadFolder() and ParseModelList() say.
Result<RepositoryLayout> ReadRepository(const std::string& path);

/// What the list of models at such a path says, unparsed; "": it is a folder without one. The
/// errors of reading it.
Result<std::string> ReadListText(const std::string& path);
/// The models of `list` as though it stood at such a path, within the same bounds.
RepositoryLayout ReadListAt(const ModelList& list, const std::string& path);

}  // namespace slipway::repository
