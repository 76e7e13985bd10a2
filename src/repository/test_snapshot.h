#pragma once

#include <string>
#include <utility>
#include <vector>

#include "repository/folder_snapshot.h"

namespace slipway::repository {

/// For tests: a folder with these files, and the folders that they need. A path that ends in '/' is
/// an empty folder. Texts are files too.
inline FolderSnapshot SnapshotOf(
    const std::vector<std::string>& files,
    const std::vector<std::pair<std::string, std::string>>& texts = {}) {
  FolderSnapshot snapshot{.path = "/models", .entries = {}, .texts = {}};
  const auto add = [&](std::string path) {
    const bool is_folder = path.ends_with('/');
    if (is_folder) path.pop_back();
    for (std::size_t slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1))
      snapshot.entries[path.substr(0, slash)].is_folder = true;
    snapshot.entries[path] = {.is_folder = is_folder, .size = is_folder ? 0U : 7U, .refusal = ""};
  };
  for (const std::string& file : files) add(file);
  for (const auto& [path, text] : texts) {
    add(path);
    snapshot.texts[path] = text;
  }
  return snapshot;
}

}  // namespace slipway::repository
