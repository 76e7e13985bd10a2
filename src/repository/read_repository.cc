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

Result<RepositoryLayout> ReadListFile(const std::string& path) {
  SLIPWAY_TRY(const std::string text, ReadFile(path, kMaxListBytes));
  Result<ModelList> list = ParseModelList(text);
  if (!list.ok()) return std::move(list).status().At(Printable(path));
  const std::string folder = fs::path(path).parent_path().string();
  RepositoryLayout layout = ReadListed(*list, folder.empty() ? "." : folder, /*beneath=*/false);
  layout.path = path;
  return layout;
}

}  // namespace

bool IsListFile(const std::string& path) {
  std::error_code ignored;
  const std::string ending = fs::path(path).extension().string();
  return (ending == ".config" || ending == ".json") && fs::is_regular_file(path, ignored);
}

Result<RepositoryLayout> ReadRepository(const std::string& path) {
  if (IsListFile(path)) return ReadListFile(path);
  SLIPWAY_TRY(const FolderSnapshot snapshot, ReadFolder(path));
  for (const char* name : {"config.json", "models.config"}) {
    const auto text = snapshot.texts.find(name);
    if (text == snapshot.texts.end() || !IsModelList(text->second)) continue;
    Result<ModelList> list = ParseModelList(text->second);
    if (!list.ok()) return std::move(list).status().At(name);
    return ReadListed(*list, path, /*beneath=*/true);
  }
  std::error_code ignored;
  return Understand(snapshot, fs::canonical(path, ignored).filename().string());
}

}  // namespace slipway::repository
