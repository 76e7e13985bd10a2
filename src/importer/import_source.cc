#include "importer/import_source.h"

#include <memory>
#include <new>
#include <utility>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "graph/onnx_file.h"
#include "import/importer.h"

namespace slipway::importer {

namespace {

/// Constants of this many bytes and more go to the weights file, where an engine can map them.
constexpr std::uint64_t kWeightsThreshold = 1024;

FoundFacts FactsOf(import::Report&& report) {
  return {.format = std::move(report.format),
          .framework = std::move(report.framework),
          .model_name = std::move(report.model_name),
          .parameters = report.parameters,
          .layers = report.layers,
          .warnings = std::move(report.warnings),
          .notes = std::move(report.notes)};
}

Result<Imported> ImportMapped(int source_descriptor, int weights_descriptor, const Task& task,
                              const std::function<void(std::string_view)>& stage) {
  stage("reading");
  SLIPWAY_TRY(MappedFile mapped, MappedFile::Map(source_descriptor));
  const auto file = std::make_shared<const MappedFile>(std::move(mapped));
  const std::unique_ptr<graph::WeightSink> sink =
      graph::MakeFileSink(weights_descriptor, task.weights_location, file);
  stage("converting");
  SLIPWAY_TRY(import::Imported found, import::Import({.file = file, .name = task.source_name},
                                                     {.opset = task.opset, .weights = sink.get()}));
  stage("encoding");
  Imported imported;
  imported.answer.facts = FactsOf(std::move(found.report));
  imported.answer.signature = std::move(found.signature);
  SLIPWAY_TRY(imported.structure, graph::EncodeWithWeights(found.model, task.weights_location,
                                                           kWeightsThreshold, weights_descriptor));
  return imported;
}

}  // namespace

Result<Imported> ImportSource(int source_descriptor, int weights_descriptor, const Task& task,
                              const std::function<void(std::string_view)>& stage) {
  try {
    return ImportMapped(source_descriptor, weights_descriptor, task, stage);
  } catch (const std::bad_alloc&) {
    return ResourceExhausted("the file needs more memory than an import may take")
        .With(errors::kImportLimit)
        .Hint("the limit is four times the file's size and 512 MiB");
  }
}

}  // namespace slipway::importer
