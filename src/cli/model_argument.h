#pragma once

#include <optional>
#include <string>

#include "base/file.h"
#include "base/status.h"
#include "cli/context.h"
#include "engine/engine.h"
#include "jobs/ensemble_executable.h"
#include "jobs/import_model.h"
#include "package/manifest.h"
#include "registry/registry.h"

namespace slipway::cli {

/// A MODEL argument, ready to compile: a file that was just imported, or a version of the store.
struct OpenedModel {
  std::string title;                              ///< "mnist:3" or "mnist.keras", for messages
  package::Manifest manifest;                     ///< signature, labels, lineage
  std::string graph_path;                         ///< a portable ONNX file, weights beside it
  std::optional<jobs::ImportedModel> imported;    ///< set for a file
  std::optional<registry::ModelVersion> version;  ///< set for a store reference
  std::optional<package::Blob> samples;           ///< of a stored package
  std::optional<TemporaryDirectory>
      work;  ///< holds an imported file's graph; removed with this object
};

/// A path that exists is a file; anything else is a store reference (NAME, NAME:3, NAME:alias,
/// NAME@sha256:...). NotFound: neither is there, and what was looked for. Shows progress for a
/// file.
Result<OpenedModel> OpenModel(Context& context, const std::string& argument,
                              jobs::ImportOptions options = {});

/// True for text that nobody would write for a model of the store: it has a folder or a model
/// file's ending.
bool LooksLikePath(const std::string& text);

/// Compiles an ensemble of the store: its models and its own graph. Precondition: it is one.
Result<std::unique_ptr<jobs::EnsembleExecutable>> CompileEnsemble(
    Context& context, const OpenedModel& model, const engine::CompileOptions& options = {});

/// Compiles it on the engine, an ensemble too.
Result<std::unique_ptr<engine::Executable>> Compile(Context& context, const OpenedModel& model,
                                                    const engine::CompileOptions& options = {});

}  // namespace slipway::cli
