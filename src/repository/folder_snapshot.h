#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/status.h"

namespace slipway::repository {

struct FolderEntry {
  bool is_folder = false;
  std::uint64_t size = 0;        ///< of a file
  std::int64_t modified_ns = 0;  ///< since 1970
  std::string refusal;           ///< why it may not be read: "is a link that leaves the folder"
  bool operator==(const FolderEntry&) const = default;
};

/// What lies in a folder of models at one moment, as far down as models lie: a value to decide on.
/// Paths are relative to the folder, with '/'.
struct FolderSnapshot {
  std::string path;                            ///< of the folder itself
  std::map<std::string, FolderEntry> entries;  ///< hidden files are left out
  std::map<std::string, std::string> texts;    ///< what configuration files say, by their path

  /// The names of what lies directly in `folder` ("" is the whole), ascending.
  std::vector<std::string> NamesIn(std::string_view folder) const;
  const FolderEntry* Find(const std::string& path) const;  ///< nullptr: there is none
  bool IsFile(const std::string& path) const;
  bool IsFolder(const std::string& path) const;

  bool operator==(const FolderSnapshot&) const = default;
};

/// The bounds of ReadFolder().
struct FolderLimits {
  std::size_t max_entries = 200'000;
  std::size_t max_text_bytes = std::size_t{1} << 20;       ///< of one configuration file
  std::size_t max_all_text_bytes = std::size_t{64} << 20;  ///< of all of them
};

/// Looks at a folder and, beneath it, at the folders where models may lie. The kernel keeps every
/// look beneath the folder: a link that leaves it is an entry with a refusal. NotFound,
/// PermissionDenied; ResourceExhausted beyond the limits. Reads no model.
Result<FolderSnapshot> ReadFolder(const std::string& path, const FolderLimits& limits = {});
/// The same of one model's folder beneath it alone; paths are relative to `path` as before.
Result<FolderSnapshot> ReadModelFolder(const std::string& path, const std::string& folder);

/// A file beneath `folder`, over links that stay beneath it. NotFound; PermissionDenied: it leaves
/// the folder; InvalidArgument: it is not a regular file.
Result<FileDescriptor> OpenFileBeneath(const std::string& folder, const std::string& path);
/// Where such a file really lies, links resolved: an absolute path. The same errors.
Result<std::string> RealPathBeneath(const std::string& folder, const std::string& path);

/// "a/b"; "b" where `folder` is "".
std::string JoinPath(std::string_view folder, std::string_view name);

}  // namespace slipway::repository
