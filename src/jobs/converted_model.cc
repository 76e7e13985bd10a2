#include "jobs/converted_model.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <cerrno>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "graph/onnx_file.h"
#include "graph/verify.h"
#include "jobs/confined_import.h"
#include "jobs/external_data.h"
#include "jobs/external_tensors.h"

namespace slipway::jobs {

namespace {

/// A location that no model file can name beforehand: what carries it was put into the weights by
/// the importer.
Result<std::string> FreshLocation() {
  std::uint64_t random[2];
  if (getrandom(random, sizeof random, 0) != sizeof random)
    return ErrnoStatus(errno, "cannot draw a random number");
  return fmt::format("slipway-weights-{:016x}{:016x}", random[0], random[1]);
}

/// Everything between the importer's answer and a model that is as good as any other.
Status Verified(ConvertedModel& converted, const std::string& location) {
  SLIPWAY_TRY(converted.weights_blob, converted.weights.Seal());
  const package::Blob weights = converted.weights_blob.value_or(package::Blob{});
  SLIPWAY_RETURN_IF_ERROR(PlaceInWeights(converted.model, location, weights));
  return graph::ToStatus(graph::Verify(converted.model));
}

}  // namespace

Result<ConvertedModel> ConvertSource(const SourceFile& source, const ImportOptions& options) {
  SLIPWAY_TRY(WeightsFile weights, WeightsFile::Create(options.work_folder));
  SLIPWAY_TRY(const std::string location, FreshLocation());
  SLIPWAY_TRY(ConfinedImport import, RunImporter(source, weights.descriptor(),
                                                 {.opset = options.opset,
                                                  .time_limit = options.time_limit,
                                                  .weights_location = location}));
  const std::string_view structure = import.answer.structure;
  Result<graph::Model> model = graph::DecodeModel(std::as_bytes(std::span(structure)));
  if (!model.ok()) return std::move(model).status().At(Printable(source.name));
  ConvertedModel converted{.model = std::move(model).value(),
                           .weights = std::move(weights),
                           .signature = std::move(import.answer.signature),
                           .facts = std::move(import.answer.facts)};
  Status status =
      CopyExternalData(converted.model, location, source, converted.weights.descriptor());
  if (status.ok()) status = Verified(converted, location);
  if (!status.ok()) return std::move(status).At(Printable(source.name));
  return converted;
}

}  // namespace slipway::jobs
