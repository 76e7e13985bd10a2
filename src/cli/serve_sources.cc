#include "cli/serve_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/error_catalogue.h"
#include "cli/import_apart.h"
#include "cli/import_process.h"
#include "cli/model_argument.h"
#include "registry/registry.h"
#include "repository/describe_layout.h"
#include "repository/read_repository.h"

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;

const std::string kStore = "the store";

class SourceReader {
 public:
  SourceReader(Context& context, TemporaryDirectory work, unsigned imports_at_once)
      : context_(context), imports_at_once_(imports_at_once), found_{.work = std::move(work)} {}

  Status Add(const std::string& source) {
    std::error_code ignored;
    if (fs::is_directory(source, ignored) || repository::IsListFile(source))
      return AddFolder(source);
    if (fs::exists(source, ignored)) return AddFile(source);
    if (LooksLikePath(source)) {
      return NotFound(fmt::format("no such file: {}", source))
          .Hint("a model of the store is named without folders: slipway ls");
    }
    return AddReference(source);
  }

  Status AddWholeStore() {
    SLIPWAY_TRY(registry::Registry * registry, context_.Registry());
    return AddAllOf(*registry, kStore);
  }

  /// Ensembles last: what their models come from is known then.
  ServeSources Take() && {
    std::ranges::move(ensembles_, std::back_inserter(found_.startup));
    return std::move(found_);
  }

 private:
  Status AddFolder(const std::string& folder) {
    std::error_code ignored;
    if (fs::exists(fs::path(folder) / "catalogue.db", ignored)) return AddStore(folder);
    if (found_.importer == nullptr) {
      SLIPWAY_TRY(found_.importer, ImportProcesses::Start(context_, imports_at_once_));
    }
    SLIPWAY_TRY(std::unique_ptr<serve::FolderSource> source,
                serve::FolderSource::Open(folder, *found_.importer, found_.work.path()));
    const repository::RepositoryLayout layout = source->layout();
    if (layout.models.empty()) return NoModels(folder, layout);
    Tell(layout);
    for (const repository::FoundModel& model : layout.models)
      SLIPWAY_RETURN_IF_ERROR(Claim(model.name, folder));
    const std::size_t before = found_.startup.size() + ensembles_.size();
    for (const repository::FoundModel& model : layout.models) AddVersions(model);
    if (found_.startup.size() + ensembles_.size() == before)
      return Unimplemented(fmt::format("nothing in {} can be served", folder));
    found_.folders.push_back(std::move(source));
    return {};
  }

  static Status NoModels(const std::string& folder, const repository::RepositoryLayout& layout) {
    Status none = NotFound(fmt::format("no models in {}", folder));
    if (!layout.findings.empty()) return std::move(none).Hint(layout.findings.front());
    return std::move(none).Hint(
        "looked for MODEL/1/model.onnx, 1/model.onnx and *.onnx, *.keras, *.h5");
  }

  void Tell(const repository::RepositoryLayout& layout) const {
    const repository::LayoutText text = repository::DescribeLayout(layout);
    for (const std::string& line : text.lines) context_.Say(line);
    for (const std::string& warning : text.warnings) context_.Warn(warning);
  }

  // Each version is a load of its own: one that fails takes no other with it.
  void AddVersions(const repository::FoundModel& model) {
    if (!model.refusal.empty()) return;
    for (const std::int64_t version : model.Selected().versions) {
      if (!model.Find(version)->refusal.empty()) continue;
      server::StartupModel startup{.name = model.name, .request = {}, .may_fail = true};
      startup.request.version = version;
      const bool is_ensemble = !model.settings.ensemble_json.empty();
      (is_ensemble ? ensembles_ : found_.startup).push_back(std::move(startup));
    }
  }

  Status AddStore(const std::string& folder) {
    SLIPWAY_TRY(std::unique_ptr<registry::Registry> store, registry::Registry::Open(folder));
    SLIPWAY_RETURN_IF_ERROR(AddAllOf(*store, folder));
    found_.stores.push_back(std::move(store));
    return {};
  }

  Status AddAllOf(registry::Registry& registry, const std::string& source) {
    SLIPWAY_TRY(const std::vector<registry::ModelVersion> versions, registry.List());
    std::set<std::string> names;
    for (const registry::ModelVersion& version : versions) names.insert(version.model);
    for (const std::string& name : names) {
      SLIPWAY_RETURN_IF_ERROR(Claim(name, source));
      found_.startup.push_back({.name = name, .request = {}});
    }
    return {};
  }

  Status AddFile(const std::string& path) {
    const std::string folder = fmt::format("{}/{}", found_.work.path(), found_.packages.size());
    SLIPWAY_RETURN_IF_ERROR(MakeDirectories(folder));
    SLIPWAY_TRY(ImportedApart imported, ImportApart(context_, path, folder));
    const std::string name = imported.manifest.name;
    SLIPWAY_RETURN_IF_ERROR(Claim(name, path));
    for (const std::string& warning : imported.warnings) context_.Warn(warning);
    for (const std::string& note : imported.notes) context_.Say("note: " + note);
    found_.descriptions.push_back(std::move(imported.description));
    found_.packages.push_back({.name = name,
                               .version = 1,
                               .graph_path = std::move(imported.graph_path),
                               .manifest = std::move(imported.manifest)});
    found_.startup.push_back({.name = name, .request = {}});
    return {};
  }

  // Looked up now, so that an unknown name is told before anything is imported or bound.
  Status AddReference(const std::string& text) {
    SLIPWAY_TRY(const registry::Reference reference, registry::ParseReference(text));
    SLIPWAY_TRY(registry::Registry * registry, context_.Registry());
    SLIPWAY_TRY(const registry::ModelVersion version, registry->Resolve(reference));
    SLIPWAY_RETURN_IF_ERROR(Claim(version.model, kStore));
    server::StartupModel model{.name = version.model, .request = {}};
    const bool names_one = reference.version || reference.package || !reference.alias.empty();
    if (names_one) model.request.version = version.version;
    found_.startup.push_back(std::move(model));
    return {};
  }

  // A name belongs to one source; several versions of it may be the store's.
  Status Claim(const std::string& name, const std::string& source) {
    const auto [owner, is_new] = owners_.try_emplace(name, source);
    if (is_new || (owner->second == kStore && source == kStore)) return {};
    return InvalidArgument(fmt::format("{} would be served as \"{}\", and so is another source, {}",
                                       source, name, owner->second))
        .With(errors::kUsage)
        .Hint("rename one of the files");
  }

  Context& context_;
  const unsigned imports_at_once_;
  ServeSources found_;
  std::vector<server::StartupModel> ensembles_;  // of folders
  std::map<std::string, std::string> owners_;    // the source of each name
};

}  // namespace

Result<ServeSources> PrepareSources(Context& context, const std::vector<std::string>& sources,
                                    unsigned imports_at_once) {
  SLIPWAY_TRY(TemporaryDirectory work, TemporaryDirectory::Create("slipway-serve-"));
  SourceReader reader(context, std::move(work), imports_at_once);
  if (sources.empty()) SLIPWAY_RETURN_IF_ERROR(reader.AddWholeStore());
  for (const std::string& source : sources) SLIPWAY_RETURN_IF_ERROR(reader.Add(source));
  return std::move(reader).Take();
}

}  // namespace slipway::cli
