#include "import/keras/model_file.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "import/keras/config_fields.h"
#include "import/keras/keras_archive.h"
#include "import/keras/weight_binding.h"

namespace slipway::import::keras {

namespace {

constexpr JsonLimits kConfigLimits{.max_depth = 100, .max_bytes = std::size_t{64} << 20};

Result<Json> ParseConfig(std::string_view text, std::string_view place) {
  if (text.size() > kConfigLimits.max_bytes) {
    return ResourceExhausted("the configuration is larger than 64 MiB")
        .With(errors::kImportLimit)
        .At(place);
  }
  Result<Json> parsed = ParseJson(text, kConfigLimits);
  if (parsed.ok()) return parsed;
  return DataLoss(parsed.status().message()).With(errors::kCorruptModelFile).At(place);
}

/// What the model was compiled with is of use only where it can be read.
Json LossIn(std::string_view text) {
  const Result<Json> parsed = ParseJson(text, kConfigLimits);
  return parsed.ok() ? Field(*parsed, "loss") : Json();
}

Status NoModel(const Hdf5File& file) {
  const bool weights_only =
      file.HasGroup("layers") || file.HasGroup("_layer_checkpoint_dependencies");
  return Unimplemented(weights_only ? "this HDF5 file holds weights only, not the network"
                                    : "this HDF5 file holds no Keras model (no model_config)")
      .With(errors::kUnrecognisedFormat)
      .Hint("save the whole model with model.save(\"model.keras\")");
}

}  // namespace

Result<SavedModel> ReadH5Model(const Source& source) {
  SLIPWAY_TRY(Hdf5File opened, Hdf5File::Open(source.file->bytes(), source.file));
  SavedModel model{.network = {}, .format = "keras-h5", .version = {}, .loss = {}, .weights = {}};
  SLIPWAY_TRY(const auto config, opened.TextAttribute("", "model_config"));
  if (!config) {
    SLIPWAY_TRY(const auto layer_names, opened.ListAttribute("", "layer_names"));
    if (!layer_names) return NoModel(opened);
    return Unimplemented("this HDF5 file holds weights only, not the network")
        .With(errors::kUnrecognisedFormat)
        .Hint("save the whole model with model.save(\"model.keras\")");
  }
  SLIPWAY_TRY(const Json parsed, ParseConfig(*config, "model_config"));
  SLIPWAY_TRY(model.network, ParseNetwork(parsed));
  SLIPWAY_TRY(auto version, opened.TextAttribute("", "keras_version"));
  if (!version) {
    SLIPWAY_TRY(version, opened.TextAttribute("model_weights", "keras_version"));
  }
  model.version = version.value_or("");
  model.generation = GenerationOf(model.version);
  SLIPWAY_TRY(const auto training, opened.TextAttribute("", "training_config"));
  if (training) model.loss = LossIn(*training);
  model.weights = std::make_shared<const Hdf5File>(std::move(opened));
  SLIPWAY_RETURN_IF_ERROR(BindH5Weights(model.network, *model.weights, "model_weights"));
  return model;
}

Result<SavedModel> ReadArchiveModel(const Source& source) {
  SLIPWAY_TRY(KerasArchive archive, ReadKerasArchive(source.file->bytes(), source.file));
  SavedModel model{.network = {}, .format = "keras-v3", .version = {}, .loss = {}, .weights = {}};
  SLIPWAY_TRY(const Json config, ParseConfig(archive.config, "config.json"));
  SLIPWAY_TRY(model.network, ParseNetwork(config));
  model.loss = Field(Field(config, "compile_config"), "loss");
  if (!archive.metadata.empty()) {
    SLIPWAY_TRY(const Json metadata, ParseConfig(archive.metadata, "metadata.json"));
    model.version = TextOr(metadata, "keras_version", "");
  }
  model.generation = model.version.empty() ? 3 : GenerationOf(model.version);
  if (archive.weights.size() == 0) {
    return DataLoss("the archive has no model.weights.h5").With(errors::kCorruptModelFile);
  }
  const auto keeper = std::make_shared<const graph::Bytes>(archive.weights);
  Result<Hdf5File> opened = Hdf5File::Open(keeper->view(), keeper);
  if (!opened.ok()) return std::move(opened).status().At("model.weights.h5");
  model.weights = std::make_shared<const Hdf5File>(std::move(opened).value());
  BindArchiveWeights(model.network, *model.weights);
  return model;
}

}  // namespace slipway::import::keras
