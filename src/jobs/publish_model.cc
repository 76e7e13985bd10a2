#include "jobs/publish_model.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/error_catalogue.h"
#include "base/text.h"

namespace slipway::jobs {

namespace {

Status CheckLabels(const std::map<std::string, std::vector<std::string>>& labels,
                   const Signature& signature) {
  for (const auto& [name, classes] : labels) {
    const TensorSpec* output = signature.FindOutput(name);
    if (output == nullptr) {
      return InvalidArgument(fmt::format("the model has no output \"{}\"", name))
          .With(errors::kTensorNameUnknown);
    }
    const std::int64_t last =
        output->shape.rank() == 0 ? 1 : output->shape[output->shape.rank() - 1];
    // One number for two classes is common: a probability of the second.
    const bool is_binary = last == 1 && classes.size() == 2;
    if (last >= 0 && static_cast<std::size_t>(last) != classes.size() && !is_binary) {
      return InvalidArgument(
          fmt::format("{} labels for output {}", classes.size(), ToString(*output)));
    }
  }
  return {};
}

/// The store hashes what it takes; the file must still be what was imported.
Status AddFile(const package::BlobStore& store, const std::string& path,
               const package::Blob& expected) {
  SLIPWAY_TRY(const package::Blob added, store.AddFile(path));
  if (added == expected) return {};
  return DataLoss(fmt::format("{} changed after the import", path)).With(errors::kDigestMismatch);
}

}  // namespace

Result<registry::ModelVersion> PublishModel(registry::Registry& registry,
                                            const ImportedModel& imported, const std::string& name,
                                            const PublishOptions& options) {
  if (!IsModelName(name)) {
    return InvalidArgument(fmt::format("\"{}\" cannot be a model's name", name))
        .With(errors::kUsage)
        .Hint(fmt::format("names look like {}", kModelNamePattern));
  }
  package::Manifest manifest = imported.manifest;
  SLIPWAY_RETURN_IF_ERROR(CheckLabels(options.labels, manifest.signature));
  manifest.name = name;
  manifest.labels = options.labels;
  for (const auto& [key, value] : options.annotations)
    manifest.annotations.insert_or_assign(key, value);
  const package::BlobStore& store = registry.blobs();
  if (manifest.weights)
    SLIPWAY_RETURN_IF_ERROR(AddFile(store, imported.weights_path, *manifest.weights));
  if (manifest.samples)
    SLIPWAY_RETURN_IF_ERROR(AddFile(store, imported.samples_path, *manifest.samples));
  SLIPWAY_RETURN_IF_ERROR(AddFile(store, imported.graph_path, manifest.graph.value()));
  return registry.Publish(name, manifest);
}

}  // namespace slipway::jobs
