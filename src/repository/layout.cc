#include "repository/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "repository/model_file.h"
#include "repository/triton_config.h"
#include "repository/version_folders.h"

namespace slipway::repository {
namespace {

using Kind = RepositoryLayout::Kind;

std::string ConfigPath(const std::string& folder) { return JoinPath(folder, "config.pbtxt"); }

// The name without its ending.
std::string StemOf(const std::string& name) { return name.substr(0, name.rfind('.')); }

void ReadSettings(const FolderSnapshot& snapshot, FoundModel& model) {
  const std::string path = ConfigPath(model.folder);
  const FolderEntry* entry = snapshot.Find(path);
  if (entry == nullptr) return;
  if (!entry->refusal.empty()) {
    model.refusal = fmt::format("config.pbtxt {}", entry->refusal);
    return;
  }
  const auto text = snapshot.texts.find(path);
  if (text == snapshot.texts.end()) return;
  Result<ModelSettings> settings = ParseTritonConfig(text->second);
  if (!settings.ok()) {
    model.refusal = std::move(settings).status().At("config.pbtxt").ToString();
    return;
  }
  model.settings = *std::move(settings);
  model.refusal = model.settings.refusal;
  const std::string& said = model.settings.name;
  if (model.refusal.empty() && !said.empty() && said != model.name) {
    model.refusal = fmt::format("config.pbtxt calls the model \"{}\", its folder is \"{}\"",
                                Printable(said, 64), model.name);
  }
}

FoundVersion OnlyVersion(const FolderSnapshot& snapshot, const std::string& file) {
  const FolderEntry* entry = snapshot.Find(file);
  FoundVersion version{.number = 1,
                       .file = file,
                       .refusal = entry == nullptr ? "is gone" : entry->refusal,
                       .fingerprint = FingerprintOf(snapshot, file)};
  if (!version.refusal.empty()) version.file.clear();
  return version;
}

class LayoutBuilder {
 public:
  explicit LayoutBuilder(const FolderSnapshot& snapshot) : snapshot_(snapshot) {
    layout_.path = snapshot.path;
  }

  RepositoryLayout Build(const std::string& name) && {
    if (HasVersionFolders(snapshot_, "")) {
      layout_.kind = Kind::kBasePath;
      Add(InFolder(name, ""));
      return std::move(layout_);
    }
    for (const std::string& entry : snapshot_.NamesIn("")) AddEntry(entry);
    layout_.kind = layout_.models.empty() ? Kind::kEmpty
                   : is_triton_           ? Kind::kTriton
                   : has_folders_         ? Kind::kBasePaths
                                          : Kind::kFiles;
    return std::move(layout_);
  }

 private:
  void AddEntry(const std::string& name) {
    const FolderEntry& entry = *snapshot_.Find(name);
    if (entry.is_folder) {
      AddFolder(name);
    } else if (IsImportable(name)) {
      Add(OfFile(name));
    } else if (!entry.refusal.empty()) {
      PassOver(name, entry.refusal);
    }
  }

  void AddFolder(const std::string& name) {
    const bool has_config = snapshot_.Find(ConfigPath(name)) != nullptr;
    if (!has_config && !HasVersionFolders(snapshot_, name)) {
      return PassOver(name + "/", InFolder(name, name).refusal);
    }
    FoundModel model = InFolder(name, name);
    is_triton_ |= has_config || HasTritonFile(model);
    has_folders_ = true;
    Add(std::move(model));
  }

  FoundModel InFolder(const std::string& name, const std::string& folder) const {
    FoundModel model;
    model.name = name;
    model.root = snapshot_.path;
    model.folder = folder;
    return DescribeModel(snapshot_, std::move(model));
  }

  FoundModel OfFile(const std::string& file) const {
    FoundModel model;
    model.name = StemOf(file);
    model.root = snapshot_.path;
    model.file = file;
    return DescribeModel(snapshot_, std::move(model));
  }

  // Triton's files are called model.onnx, and so on.
  static bool HasTritonFile(const FoundModel& model) {
    return std::ranges::any_of(model.versions, [](const FoundVersion& version) {
      return version.file.ends_with("/model.onnx");
    });
  }

  void Add(FoundModel model) {
    if (!IsModelName(model.name)) {
      return PassOver(model.name,
                      fmt::format("is not a model's name, which is {}", kModelNamePattern));
    }
    if (layout_.models.size() >= RepositoryLayout::kMaxModels)
      return PassOver(model.name,
                      fmt::format("there are {} models already", RepositoryLayout::kMaxModels));
    const auto place = std::ranges::lower_bound(layout_.models, model.name, {}, &FoundModel::name);
    if (place == layout_.models.end() || place->name != model.name) {
      layout_.models.insert(place, std::move(model));
    } else {
      place->refusal = "two entries of the folder have this name";
    }
  }

  void PassOver(std::string_view name, std::string_view why) {
    layout_.findings.push_back(fmt::format("{} is passed over: {}", Printable(name, 64), why));
  }

  const FolderSnapshot& snapshot_;
  RepositoryLayout layout_;
  bool is_triton_ = false;
  bool has_folders_ = false;
};

}  // namespace

const FoundVersion* FoundModel::Find(std::int64_t version) const {
  const auto found = std::ranges::find(versions, version, &FoundVersion::number);
  return found == versions.end() ? nullptr : &*found;
}

std::vector<std::int64_t> FoundModel::Numbers() const {
  std::vector<std::int64_t> numbers;
  for (const FoundVersion& version : versions) numbers.push_back(version.number);
  return numbers;
}

const FoundModel* RepositoryLayout::Find(const std::string& name) const {
  const auto found = std::ranges::lower_bound(models, name, {}, &FoundModel::name);
  return found == models.end() || found->name != name ? nullptr : &*found;
}

RepositoryLayout Understand(const FolderSnapshot& snapshot, const std::string& name) {
  return LayoutBuilder(snapshot).Build(name);
}

FoundModel DescribeModel(const FolderSnapshot& snapshot, FoundModel model) {
  if (!model.file.empty()) {
    model.versions = {OnlyVersion(snapshot, model.file)};
    return model;
  }
  if (model.is_listed) {
    model.refusal = model.settings.refusal;
  } else {
    ReadSettings(snapshot, model);
  }
  FindVersions(snapshot, model);
  return model;
}

Result<FoundModel> ReadAgain(const FoundModel& model) {
  SLIPWAY_TRY(const FolderSnapshot snapshot, ReadModelFolder(model.root, model.folder));
  return DescribeModel(snapshot, {.name = model.name,
                                  .root = model.root,
                                  .folder = model.folder,
                                  .file = model.file,
                                  .settings = model.is_listed ? model.settings : ModelSettings(),
                                  .is_listed = model.is_listed,
                                  .versions = {},
                                  .refusal = ""});
}

}  // namespace slipway::repository
