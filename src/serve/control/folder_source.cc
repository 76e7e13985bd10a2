#include "serve/control/folder_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/text.h"
#include "serve/control/model_config_json.h"

namespace slipway::serve {
namespace {

using repository::FoundModel;
using repository::FoundVersion;
using repository::RepositoryLayout;

constexpr std::size_t kMaxLabelBytes = std::size_t{4} << 20;
constexpr std::size_t kMaxLabels = 1'000'000;
constexpr const char* kNoneWanted = "no version that its policy asks for is there";

Status Refused(const std::string& name, const std::string& reason) {
  return FailedPrecondition(fmt::format("model \"{}\" cannot be served: {}", name, reason))
      .With(errors::kModelNotReady);
}

Result<std::vector<std::string>> ReadLabels(const FoundModel& model, const std::string& file) {
  SLIPWAY_TRY(const FileDescriptor opened,
              repository::OpenFileBeneath(model.root, repository::JoinPath(model.folder, file)));
  SLIPWAY_TRY(const std::string text, ReadAll(opened.get(), kMaxLabelBytes));
  std::vector<std::string> labels;
  for (const std::string_view line : Split(text, '\n')) labels.emplace_back(Trim(line));
  while (!labels.empty() && labels.back().empty()) labels.pop_back();
  if (labels.size() > kMaxLabels)
    return ResourceExhausted(fmt::format("more than {} labels", kMaxLabels));
  return labels;
}

Status AddLabels(const FoundModel& model, package::Manifest& manifest) {
  for (const repository::DeclaredTensor& output : model.settings.outputs) {
    if (output.label_file.empty()) continue;
    Result<std::vector<std::string>> labels = ReadLabels(model, output.label_file);
    if (!labels.ok()) return std::move(labels).status().At(Printable(output.label_file, 64));
    manifest.labels[output.name] = *std::move(labels);
  }
  return {};
}

// What the folder's configuration adds to a file that was imported.
Result<package::Manifest> Configured(package::Manifest manifest, const FoundModel& model) {
  manifest.name = model.name;
  SLIPWAY_RETURN_IF_ERROR(repository::CheckDeclared(model.settings, manifest.signature));
  SLIPWAY_RETURN_IF_ERROR(AddLabels(model, manifest));
  if (!model.settings.config_json.empty())
    manifest.annotations[std::string(kConfigAnnotation)] = model.settings.config_json;
  return manifest;
}

// An ensemble has no file: its configuration is all of it.
Result<package::Manifest> EnsembleManifest(const FoundModel& model) {
  SLIPWAY_TRY(const Json steps, ParseJson(model.settings.ensemble_json));
  package::Manifest manifest;
  manifest.name = model.name;
  SLIPWAY_TRY(manifest.ensemble, package::EnsembleFromJson(steps, "ensemble_scheduling"));
  SLIPWAY_TRY(manifest.signature, repository::DeclaredSignature(model.settings));
  return package::DecodeManifest(package::EncodeManifest(manifest));
}

/// Whether it lies where it did and the same of it is wanted. Labels load nothing.
bool IsWantedAlike(const FoundModel& before, FoundModel now) {
  now.settings.version_labels = before.settings.version_labels;
  return before.root == now.root && before.folder == now.folder && before.file == now.file &&
         before.settings == now.settings;
}

Result<std::vector<std::int64_t>> VersionsToServe(const FoundModel& model) {
  if (!model.refusal.empty()) return Refused(model.name, model.refusal);
  std::vector<std::int64_t> versions = model.Selected().versions;
  if (versions.empty()) return Refused(model.name, kNoneWanted);
  for (const std::int64_t version : versions) {
    const std::string& refusal = model.Find(version)->refusal;
    if (!refusal.empty()) return Refused(fmt::format("{}:{}", model.name, version), refusal);
  }
  return versions;
}

Result<FolderSource::ListChange> ChangeOf(const RepositoryLayout& before,
                                          const RepositoryLayout& now) {
  FolderSource::ListChange change;
  for (const FoundModel& model : now.models) {
    const FoundModel* old = before.Find(model.name);
    if (old != nullptr && IsWantedAlike(*old, model)) continue;
    if (old == nullptr) change.added.insert(model.name);
    SLIPWAY_TRY(change.wanted[model.name], VersionsToServe(model));
  }
  for (const FoundModel& model : before.models) {
    if (now.Find(model.name) == nullptr) change.gone.push_back(model.name);
  }
  return change;
}

/// Of a version's file, and where it lies.
std::string FingerprintOf(const FoundModel& model, const FoundVersion& version) {
  return model.root + "\n" + version.fingerprint;
}

ModelSource::Available ToAvailable(const FoundModel& model) {
  ModelSource::Available available{
      .name = model.name, .versions = model.Numbers(), .reasons = {}, .reason = model.refusal};
  for (const FoundVersion& version : model.versions) {
    if (!version.refusal.empty()) available.reasons[version.number] = version.refusal;
  }
  return available;
}

}  // namespace

Status ModelFromElsewhere(const std::string& name) {
  return InvalidArgument(fmt::format("model \"{}\" is served, from elsewhere than the list", name))
      .With(errors::kInvalidPackage)
      .Hint("give the list's another name");
}

Result<std::unique_ptr<FolderSource>> FolderSource::Open(const std::string& path,
                                                         FileImporter& importer,
                                                         const std::string& work_folder) {
  auto repository = std::make_shared<repository::ServedRepository>(path);
  SLIPWAY_TRY(RepositoryLayout layout, repository->Read());
  return std::unique_ptr<FolderSource>(
      new FolderSource(std::move(repository), std::move(layout), importer, work_folder));
}

repository::RepositoryLayout FolderSource::layout() const {
  const std::lock_guard lock(mutex_);
  return layout_;
}

Result<FolderSource::ListChange> FolderSource::TryList(std::string_view text) {
  SLIPWAY_TRY(repository::ServedRepository::Candidate candidate, repository_->Consider(text));
  const std::lock_guard lock(mutex_);
  SLIPWAY_TRY(ListChange change, ChangeOf(layout_, candidate.layout));
  for (const std::string& name : change.added) {
    if (reserved_.contains(name)) return ModelFromElsewhere(name);
  }
  trial_ = std::move(candidate);
  return change;
}

void FolderSource::Reserve(const std::string& name) {
  const std::lock_guard lock(mutex_);
  reserved_.insert(name);
}

void FolderSource::KeepList() {
  const std::lock_guard lock(mutex_);
  if (!trial_) return;
  layout_ = trial_->layout;
  ForgetImports();
  repository_->Replace(*std::exchange(trial_, std::nullopt));
}

void FolderSource::DropList() {
  const std::lock_guard lock(mutex_);
  trial_.reset();
  ForgetImports();
}

Result<std::vector<ModelSource::Available>> FolderSource::List() const {
  const std::lock_guard lock(mutex_);
  SLIPWAY_RETURN_IF_ERROR(LookAtAll());
  std::vector<Available> models;
  for (const FoundModel& model : layout_.models) models.push_back(ToAvailable(model));
  return models;
}

Result<std::vector<std::int64_t>> FolderSource::Versions(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  SLIPWAY_TRY(const FoundModel model, Look(name));
  return model.Numbers();
}

Result<std::vector<std::int64_t>> FolderSource::Wanted(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  SLIPWAY_TRY(const FoundModel model, Look(name));
  if (!model.refusal.empty()) return Refused(name, model.refusal);
  std::vector<std::int64_t> versions = model.Selected().versions;
  if (versions.empty()) return Refused(name, kNoneWanted);
  return versions;
}

Result<std::int64_t> FolderSource::VersionOfAlias(const std::string& name,
                                                  const std::string& alias) const {
  const std::lock_guard lock(mutex_);
  SLIPWAY_TRY(const FoundModel model, LookAtKept(name));
  const auto found = model.settings.version_labels.find(alias);
  if (found != model.settings.version_labels.end()) return found->second;
  return NotFound(fmt::format("model \"{}\" has no alias \"{}\"", name, Printable(alias, 64)))
      .With(errors::kModelNotFound);
}

Result<ModelPackage> FolderSource::Resolve(const std::string& name, std::int64_t version) const {
  std::unique_lock lock(mutex_);
  SLIPWAY_TRY(Resolved found, FindVersion(name, version));
  lock.unlock();
  ModelPackage package{.name = name, .version = version};
  if (!found.model.settings.ensemble_json.empty()) {
    Result<package::Manifest> manifest = EnsembleManifest(found.model);
    if (!manifest.ok()) return std::move(manifest).status().At("config.pbtxt");
    package.manifest = *std::move(manifest);
  } else {
    if (found.import.files == nullptr) {
      SLIPWAY_TRY(found.import, ImportVersion(found.model, *found.model.Find(version)));
      lock.lock();
      imports_[{name, version}] = found.import;
      lock.unlock();
    }
    package.manifest = std::move(found.import.imported.manifest);
    package.graph_path = std::move(found.import.imported.graph_path);
    package.files = std::move(found.import.files);
  }
  SLIPWAY_TRY(package.manifest, Configured(std::move(package.manifest), found.model));
  Result<ModelConfig> config = ConfigOf(package.manifest);
  if (!config.ok()) return std::move(config).status().At("config.pbtxt");
  package.config = *std::move(config);
  package.digest = Sha256Of(package::EncodeManifest(package.manifest)).ToString();
  return package;
}

Result<FolderSource::Resolved> FolderSource::FindVersion(const std::string& name,
                                                         std::int64_t version) const {
  SLIPWAY_TRY(FoundModel model, Look(name));
  if (!model.refusal.empty()) return Refused(name, model.refusal);
  const FoundVersion* const found = model.Find(version);
  if (found == nullptr) {
    return NotFound(fmt::format("model \"{}\" has no version {}", name, version))
        .With(errors::kModelNotFound);
  }
  if (!found->refusal.empty()) return Refused(name, found->refusal);
  const auto kept = imports_.find({name, version});
  const bool is_kept =
      kept != imports_.end() && kept->second.fingerprint == FingerprintOf(model, *found);
  return Resolved{std::move(model), is_kept ? kept->second : Import()};
}

Result<FoundModel> FolderSource::Look(const std::string& name) const {
  const FoundModel* tried = trial_ ? trial_->layout.Find(name) : nullptr;
  if (tried == nullptr) return LookAtKept(name);
  return tried->root.empty() ? *tried : repository::ReadAgain(*tried);
}

Result<FoundModel> FolderSource::LookAtKept(const std::string& name) const {
  const FoundModel* known = layout_.Find(name);
  const bool is_nowhere = known != nullptr && known->root.empty();
  if (known == nullptr || is_nowhere) {
    SLIPWAY_RETURN_IF_ERROR(LookAtAll());
    known = layout_.Find(name);
  }
  if (known != nullptr && known->root.empty()) return *known;
  if (known != nullptr) return repository::ReadAgain(*known);
  return NotFound(fmt::format("there is no model \"{}\"", Printable(name, 64)))
      .With(errors::kModelNotFound);
}

Status FolderSource::LookAtAll() const {
  SLIPWAY_TRY(layout_, repository_->Read());
  ForgetImports();
  return {};
}

void FolderSource::ForgetImports() const {
  const auto is_there = [](const RepositoryLayout& layout, const ImportKey& key) {
    const FoundModel* model = layout.Find(key.first);
    return model != nullptr && model->Find(key.second) != nullptr;
  };
  std::erase_if(imports_, [&](const auto& entry) {
    return !is_there(layout_, entry.first) && !(trial_ && is_there(trial_->layout, entry.first));
  });
}

Result<FolderSource::Import> FolderSource::ImportVersion(const FoundModel& model,
                                                         const FoundVersion& version) const {
  SLIPWAY_TRY(const std::string path, repository::RealPathBeneath(model.root, version.file));
  SLIPWAY_TRY(TemporaryDirectory files, TemporaryDirectory::Create("import-", work_folder_));
  SLIPWAY_TRY(FileImporter::Imported imported, importer_.Import(path, files.path()));
  for (const std::string& warning : imported.warnings)
    Log(LogLevel::kWarning, "model {}:{}: {}", model.name, version.number, warning);
  return Import{.fingerprint = FingerprintOf(model, version),
                .imported = std::move(imported),
                .files = std::make_shared<const TemporaryDirectory>(std::move(files))};
}

}  // namespace slipway::serve
