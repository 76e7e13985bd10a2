#include "import/keras/keras_importer.h"

#include <fmt/format.h>

#include <mutex>
#include <set>
#include <utility>

#include "base/error_catalogue.h"
#include "base/version.h"
#include "import/keras/doubts.h"
#include "import/keras/hdf5_file.h"
#include "import/keras/keras_archive.h"
#include "import/keras/model_file.h"
#include "import/keras/network_lowering.h"

namespace slipway::import {

namespace {

/// The newest opset that every ONNX Runtime since 1.18 (May 2024) and OpenVINO read whole; 20
/// brought Gelu, and nothing after 21 has an operator that Keras's layers need.
constexpr std::int64_t kOpset = 21;
constexpr std::int64_t kNewestOpset = 22;  ///< up to here the operators used mean the same
constexpr std::int64_t kIrVersion = 10;    ///< the first that allows opset 21

std::uint64_t CountParameters(const keras::SavedNetwork& network);

std::uint64_t CountParameters(const keras::SavedLayer& layer) {
  std::uint64_t count = layer.network != nullptr ? CountParameters(*layer.network) : 0;
  for (const keras::SavedLayer& part : layer.parts) count += CountParameters(part);
  for (const auto& [name, dataset] : layer.weights) {
    std::uint64_t elements = 1;
    for (const std::int64_t dim : dataset->dims) elements *= static_cast<std::uint64_t>(dim);
    count += elements;
  }
  return count;
}

std::uint64_t CountParameters(const keras::SavedNetwork& network) {
  std::uint64_t count = 0;
  for (const keras::SavedLayer& layer : network.layers) count += CountParameters(layer);
  return count;
}

Report MakeReport(const keras::SavedModel& model, const keras::LoweredNetwork& lowered) {
  Report report{.format = model.format,
                .framework = model.version.empty() ? "Keras" : "Keras " + model.version,
                .model_name = model.network.name,
                .parameters = CountParameters(model.network),
                .layers = lowered.layers,
                .warnings = keras::FindDoubts(model),
                .notes = {}};
  if (!lowered.inert.empty()) {
    report.notes.push_back(fmt::format("left out, since they do nothing at inference: {}",
                                       fmt::join(lowered.inert, ", ")));
  }
  return report;
}

graph::Model MakeModel(graph::Graph main, std::int64_t opset) {
  graph::Model model{.ir_version = kIrVersion, .opset_imports = {{"", opset}}};
  model.producer_name = "slipway";
  model.producer_version = kVersion;
  model.main = std::move(main);
  return model;
}

class KerasImporter final : public Importer {
 public:
  std::string_view name() const override { return "keras"; }

  bool Recognises(const Source& source) const override {
    const auto bytes = source.file->bytes();
    return keras::IsZip(bytes) ? keras::IsKerasArchive(bytes) : keras::IsHdf5(bytes);
  }

  Result<Imported> Import(const Source& source, const Options& options) const override {
    // libhdf5 keeps tables of its own for the whole process and is built without locks.
    static std::mutex hdf5_is_in_use;
    const std::lock_guard lock(hdf5_is_in_use);
    const std::int64_t opset = options.opset == 0 ? kOpset : options.opset;
    if (opset < kOpset || opset > kNewestOpset) {
      return Unimplemented(fmt::format("Keras models are written in opset {} to {}, not {}", kOpset,
                                       kNewestOpset, opset))
          .With(errors::kUnsupportedLayers);
    }
    SLIPWAY_TRY(const keras::SavedModel model, keras::IsZip(source.file->bytes())
                                                   ? keras::ReadArchiveModel(source)
                                                   : keras::ReadH5Model(source));
    SLIPWAY_TRY(keras::LoweredNetwork lowered, keras::LowerModel(model, options.weights));
    Imported imported;
    imported.report = MakeReport(model, lowered);
    imported.signature = std::move(lowered.signature);
    imported.model = MakeModel(std::move(lowered.graph), opset);
    return imported;
  }
};

}  // namespace

std::unique_ptr<Importer> MakeKerasImporter() { return std::make_unique<KerasImporter>(); }

}  // namespace slipway::import
