#include "cli/model_argument.h"

#include <fmt/format.h>

#include <filesystem>

namespace slipway::cli {

namespace {

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

Result<OpenedModel> OpenFile(Context& context, const std::string& path,
                             jobs::ImportOptions options) {
  SLIPWAY_TRY(TemporaryDirectory work, TemporaryDirectory::Create("slipway-import-"));
  SLIPWAY_TRY(engine::Engine * engine, context.Engine());
  options.work_folder = work.path();
  Progress progress(context.style(), fmt::format("importing {}", path));
  SLIPWAY_TRY(jobs::ImportedModel imported,
              jobs::ImportModel(path, *engine, options,
                                [&](std::string_view stage) { progress.Stage(stage); }));
  OpenedModel model;
  model.title = std::filesystem::path(path).filename().string();
  model.manifest = imported.manifest;
  model.graph_path = imported.graph_path;
  model.imported = std::move(imported);
  model.work = std::move(work);
  return model;
}

Result<OpenedModel> OpenReference(Context& context, const std::string& text) {
  SLIPWAY_TRY(const registry::Reference reference, registry::ParseReference(text));
  SLIPWAY_TRY(registry::Registry * registry, context.Registry());
  SLIPWAY_TRY(registry::ModelVersion version, registry->Resolve(reference));
  SLIPWAY_TRY(package::Package package, registry->Open(version));
  OpenedModel model;
  model.title = fmt::format("{}:{}", version.model, version.version);
  model.samples = package.manifest.samples;
  model.manifest = std::move(package.manifest);
  model.graph_path = std::move(package.graph_path);
  model.version = std::move(version);
  return model;
}

}  // namespace

bool LooksLikePath(const std::string& text) {
  static constexpr std::string_view kEndings[] = {".onnx", ".h5",     ".hdf5", ".keras",
                                                  ".pb",   ".tflite", ".pt",   ".pth"};
  if (text.find('/') != std::string::npos) return true;
  for (const std::string_view ending : kEndings) {
    if (text.ends_with(ending)) return true;
  }
  return false;
}

Result<OpenedModel> OpenModel(Context& context, const std::string& argument,
                              jobs::ImportOptions options) {
  if (Exists(argument)) return OpenFile(context, argument, std::move(options));
  if (LooksLikePath(argument)) {
    return NotFound(fmt::format("no such file: {}", argument))
        .Hint("a model of the store is named without folders: slipway ls");
  }
  return OpenReference(context, argument);
}

Result<std::unique_ptr<jobs::EnsembleExecutable>> CompileEnsemble(
    Context& context, const OpenedModel& model, const engine::CompileOptions& options) {
  SLIPWAY_TRY(engine::Engine * engine, context.Engine());
  SLIPWAY_TRY(registry::Registry * registry, context.Registry());
  return jobs::CompileEnsemble(*registry, *engine, model.manifest, model.graph_path, options);
}

Result<std::unique_ptr<engine::Executable>> Compile(Context& context, const OpenedModel& model,
                                                    const engine::CompileOptions& options) {
  SLIPWAY_TRY(engine::Engine * engine, context.Engine());
  if (!model.manifest.ensemble) return engine->Compile({.path = model.graph_path}, options);
  SLIPWAY_TRY(std::unique_ptr<engine::Executable> ensemble,
              CompileEnsemble(context, model, options));
  return ensemble;
}

}  // namespace slipway::cli
