#include "cli/serve_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "base/error_catalogue.h"
#include "cli/import_apart.h"
#include "cli/model_argument.h"
#include "registry/registry.h"

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kModelEndings[] = {".onnx", ".h5", ".hdf5", ".keras"};

Result<std::vector<std::string>> ModelFilesIn(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    std::error_code ignored;
    const std::string extension = entry->path().extension().string();
    if (std::ranges::find(kModelEndings, extension) != std::end(kModelEndings) &&
        entry->is_regular_file(ignored))
      files.push_back(entry->path().string());
  }
  if (failure) return ErrnoStatus(failure.value(), fmt::format("cannot read {}", folder));
  if (files.empty()) {
    return NotFound(fmt::format("no model files in {}", folder))
        .Hint(fmt::format("looked for: *{}", fmt::join(kModelEndings, ", *")));
  }
  std::ranges::sort(files);
  return files;
}

class SourceReader {
 public:
  SourceReader(Context& context, TemporaryDirectory work)
      : context_(context), found_{.work = std::move(work)} {}

  Status Add(const std::string& source) {
    std::error_code ignored;
    if (fs::is_directory(source, ignored)) return AddFolder(source);
    if (fs::exists(source, ignored)) return AddFile(source);
    if (LooksLikePath(source)) {
      return NotFound(fmt::format("no such file: {}", source))
          .Hint("a model of the store is named without folders: slipway ls");
    }
    return AddReference(source);
  }

  Status AddWholeStore() {
    SLIPWAY_TRY(registry::Registry * registry, context_.Registry());
    SLIPWAY_TRY(const std::vector<registry::ModelVersion> versions, registry->List());
    std::set<std::string> names;
    for (const registry::ModelVersion& version : versions) names.insert(version.model);
    for (const std::string& name : names) found_.startup.push_back({.name = name, .request = {}});
    return {};
  }

  ServeSources Take() && { return std::move(found_); }

 private:
  Status AddFolder(const std::string& folder) {
    SLIPWAY_TRY(const std::vector<std::string> files, ModelFilesIn(folder));
    Status last;
    std::size_t served = 0;
    for (const std::string& file : files) {
      last = AddFile(file);
      if (last.ok()) {
        ++served;
      } else if (files.size() > 1) {
        context_.Warn(fmt::format("{} is not served: {}", file, last.ToString()));
      }
    }
    return served > 0 ? Status() : last;
  }

  Status AddFile(const std::string& path) {
    const std::string folder = fmt::format("{}/{}", found_.work.path(), found_.packages.size());
    SLIPWAY_RETURN_IF_ERROR(MakeDirectories(folder));
    SLIPWAY_TRY(ImportedApart imported, ImportApart(context_, path, folder));
    const std::string name = imported.manifest.name;
    SLIPWAY_RETURN_IF_ERROR(RequireFree(found_.startup, name, path));
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
    SLIPWAY_RETURN_IF_ERROR(RequireFree(found_.packages, version.model, text));
    server::StartupModel model{.name = version.model, .request = {}};
    const bool names_one = reference.version || reference.package || !reference.alias.empty();
    if (names_one) model.request.version = version.version;
    found_.startup.push_back(std::move(model));
    return {};
  }

  // A name is either a file's or the store's.
  template <class Models>
  static Status RequireFree(const Models& taken, const std::string& name,
                            const std::string& source) {
    const bool is_taken =
        std::ranges::any_of(taken, [&](const auto& model) { return model.name == name; });
    if (!is_taken) return {};
    return InvalidArgument(
               fmt::format("{} would be served as \"{}\", and so is another source", source, name))
        .With(errors::kUsage)
        .Hint("rename one of the files");
  }

  Context& context_;
  ServeSources found_;
};

}  // namespace

Result<ServeSources> PrepareSources(Context& context, const std::vector<std::string>& sources) {
  SLIPWAY_TRY(TemporaryDirectory work, TemporaryDirectory::Create("slipway-serve-"));
  SourceReader reader(context, std::move(work));
  if (sources.empty()) SLIPWAY_RETURN_IF_ERROR(reader.AddWholeStore());
  for (const std::string& source : sources) SLIPWAY_RETURN_IF_ERROR(reader.Add(source));
  return std::move(reader).Take();
}

}  // namespace slipway::cli
