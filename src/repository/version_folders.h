#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "repository/layout.h"

namespace slipway::repository {

/// The number of a version folder: digits only, from 1, leading zeros allowed as in TensorFlow
/// Serving. nullopt: the name is none.
std::optional<std::int64_t> VersionOfFolder(std::string_view name);

/// Whether the folder holds at least one version folder.
bool HasVersionFolders(const FolderSnapshot& snapshot, const std::string& folder);

/// Adds the versions that lie in the model's folder, and refuses the model where it has none or one
/// number twice. Pure.
void FindVersions(const FolderSnapshot& snapshot, FoundModel& model);

/// Sizes and times of everything beneath the folder, or of the one file. Pure.
std::string FingerprintOf(const FolderSnapshot& snapshot, const std::string& path);

}  // namespace slipway::repository
