#include "repository/read_repository.h"

#include <filesystem>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "repository/model_list.h"

namespace slipway::repository {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxListBytes = std::size_t{8} << 20;

/// The list in a folder, by the name of its file and what it says; nothing: there is none.
std::pair<std::string, std::string> ListIn(const FolderSnapshot& snapshot) {
  for (const char* name : {"config.json", "models.config"}) {
    const auto text = snapshot.texts.find(name);
    if (text != snapshot.texts.end() && IsModelList(text->second)) return {name, text->second};
  }
  return {};
}

Result<RepositoryLayout> ReadList(std::string_view text, const std::string& name,
                                  const std::string& path) {
  Result<ModelList> list = ParseModelList(text);
  if (!list.ok()) return std::move(list).status().At(Printable(name));
  return ReadListAt(*list, path);
}

}  // namespace

bool IsListFile(const std::string& path) {
  std::error_code ignored;
  const std::string ending = fs::path(path).extension().string();
  return (ending == ".config" || ending == ".json") && fs::is_regular_file(path, ignored);
}

Result<RepositoryLayout> ReadRepository(const std::string& path) {
  if (IsListFile(path)) {
    SLIPWAY_TRY(const std::string text, ReadFile(path, kMaxListBytes));
    return ReadList(text, path, path);
  }
  SLIPWAY_TRY(const FolderSnapshot snapshot, ReadFolder(path));
  const auto [name, text] = ListIn(snapshot);
  if (!name.empty()) return ReadList(text, name, path);
  std::error_code ignored;
  return Understand(snapshot, fs::canonical(path, ignored).filename().string());
}

Result<std::string> ReadListText(const std::string& path) {
  if (IsListFile(path)) return ReadFile(path, kMaxListBytes);
  SLIPWAY_TRY(const FolderSnapshot snapshot, ReadFolder(path));
  return ListIn(snapshot).second;
}

RepositoryLayout ReadListAt(const ModelList& list, const std::string& path) {
  if (!IsListFile(path)) return ReadListed(list, path, /*beneath=*/true);
  const std::string folder = fs::path(path).parent_path().string();
  RepositoryLayout layout = ReadListed(list, folder.empty() ? "." : folder, /*beneath=*/false);
  layout.path = path;
  return layout;
}

}  // namespace slipway::repository
