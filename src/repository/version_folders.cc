#include "repository/version_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/log.h"
#include "base/text.h"
#include "repository/model_file.h"

namespace slipway::repository {
namespace {

std::string WhyNoVersions(const FolderSnapshot& snapshot, const FoundModel& model) {
  if (!model.settings.ensemble_json.empty())
    return "no version folder: an ensemble needs 1/ too, if with nothing in it";
  for (const std::string& name : snapshot.NamesIn(model.folder)) {
    if (!IsImportable(name)) continue;
    return fmt::format("no version folder: expected 1/{0}, found {0}", Printable(name, 64));
  }
  return "no version folder: expected 1/, 2/, ...";
}

}  // namespace

std::optional<std::int64_t> VersionOfFolder(std::string_view name) {
  const bool is_number =
      !name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) return std::nullopt;
  const std::optional<std::int64_t> number = ParseInt64(name);
  return number.value_or(0) > 0 ? number : std::nullopt;
}

bool HasVersionFolders(const FolderSnapshot& snapshot, const std::string& folder) {
  return std::ranges::any_of(snapshot.NamesIn(folder), [&](const std::string& name) {
    return VersionOfFolder(name) && snapshot.IsFolder(JoinPath(folder, name));
  });
}

void FindVersions(const FolderSnapshot& snapshot, FoundModel& model) {
  for (const std::string& name : snapshot.NamesIn(model.folder)) {
    const std::string path = JoinPath(model.folder, name);
    const std::optional<std::int64_t> number = VersionOfFolder(name);
    if (!number || !snapshot.IsFolder(path)) continue;
    const bool has_file = model.settings.ensemble_json.empty();
    ModelFile file =
        has_file ? FindModelFile(snapshot, path, model.settings.model_file) : ModelFile();
    model.versions.push_back({.number = *number,
                              .file = std::move(file.path),
                              .refusal = std::move(file.refusal),
                              .fingerprint = FingerprintOf(snapshot, path)});
  }
  std::ranges::sort(model.versions, {}, &FoundVersion::number);
  const auto twice = std::ranges::adjacent_find(model.versions, {}, &FoundVersion::number);
  if (twice != model.versions.end()) {
    model.refusal = fmt::format("two folders are version {}", twice->number);
    const auto is_same = [](const FoundVersion& a, const FoundVersion& b) {
      return a.number == b.number;
    };
    model.versions.erase(std::unique(model.versions.begin(), model.versions.end(), is_same),
                         model.versions.end());
  } else if (model.versions.empty() && model.refusal.empty()) {
    model.refusal = WhyNoVersions(snapshot, model);
  }
}

std::string FingerprintOf(const FolderSnapshot& snapshot, const std::string& path) {
  std::string text;
  for (auto entry = snapshot.entries.lower_bound(path); entry != snapshot.entries.end(); ++entry) {
    if (!entry->first.starts_with(path)) break;
    const bool is_beneath = entry->first.size() == path.size() || entry->first[path.size()] == '/';
    if (!is_beneath || entry->second.is_folder) continue;
    fmt::format_to(std::back_inserter(text), "{} {} {}\n", entry->first, entry->second.size,
                   entry->second.modified_ns);
  }
  return text;
}

}  // namespace slipway::repository
