#include "import/keras/doubts.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/json.h"
#include "import/keras/config_fields.h"
#include "import/keras/evaluation_order.h"
#include "import/keras/layer_library.h"
#include "import/keras/weight_binding.h"

namespace slipway::import::keras {

namespace {

struct LossFacts {
  std::string name;  ///< "sparse_categorical_crossentropy"
  bool from_logits = false;
};

/// A loss that tells logits from probabilities; nullopt for every other.
std::optional<LossFacts> ReadLoss(const Json& json) {
  LossFacts loss{.name = SnakeCase(NameOfObject(json))};
  if (json.is_string()) loss.name = json.get<std::string>();
  static constexpr std::string_view kTelling[] = {
      "categorical_crossentropy",       "sparse_categorical_crossentropy", "binary_crossentropy",
      "categorical_focal_crossentropy", "binary_focal_crossentropy",
  };
  if (std::ranges::find(kTelling, loss.name) == std::end(kTelling)) return std::nullopt;
  loss.from_logits = BoolOr(Field(json, "config"), "from_logits", false);
  return loss;
}

/// The losses in the order of the outputs; one for all if there is one.
std::vector<Json> LossesOf(const Json& loss, std::size_t outputs) {
  if (loss.is_array()) return {loss.begin(), loss.end()};
  if (loss.is_object() && !loss.contains("class_name")) {
    std::vector<Json> losses;
    for (const Json& one : loss) losses.push_back(one);
    return losses;
  }
  return std::vector<Json>(outputs, loss);
}

struct LastActivation {
  std::string layer;
  std::string name;  ///< "linear", "softmax"; empty: cannot be told
};

LastActivation ActivationBefore(const SavedNetwork& network, const TensorRef& output) {
  const SavedLayer* layer = network.Find(output.layer);
  for (std::size_t steps = 0; layer != nullptr && steps < network.layers.size(); ++steps) {
    if (layer->network != nullptr) {
      if (layer->network->outputs.size() != 1) return {};
      return ActivationBefore(*layer->network, layer->network->outputs.front());
    }
    if (layer->class_name == "Softmax") return {layer->name, "softmax"};
    const Json& activation = Field(layer->config, "activation");
    if (!activation.is_null()) return {layer->name, NameOfObject(activation)};
    const LayerRow* row = FindLayer(*layer);
    const bool passes_on = (row != nullptr && row->inert) || layer->class_name == "Reshape" ||
                           layer->class_name == "Flatten" || layer->class_name == "Identity";
    if (!passes_on || layer->calls.empty()) return {};
    const std::vector<TensorRef> inputs = TensorsOf(layer->calls.front());
    layer = inputs.empty() ? nullptr : network.Find(inputs.front().layer);
  }
  return {};
}

void FindDoubtfulLosses(const SavedModel& model, std::vector<std::string>& doubts) {
  const std::vector<Json> losses = LossesOf(model.loss, model.network.outputs.size());
  for (std::size_t i = 0; i < std::min(losses.size(), model.network.outputs.size()); ++i) {
    const auto loss = ReadLoss(losses[i]);
    if (!loss) continue;
    const LastActivation last = ActivationBefore(model.network, model.network.outputs[i]);
    if (!loss->from_logits && last.name == "linear") {
      doubts.push_back(fmt::format(
          "the loss \"{}\" was compiled for probabilities, but the last layer {} gives logits: "
          "training may have gone nowhere; compile it with from_logits=True, or end with a "
          "softmax or sigmoid, and train again",
          loss->name, JsonQuoted(last.layer)));
    }
    if (loss->from_logits && (last.name == "softmax" || last.name == "sigmoid")) {
      doubts.push_back(fmt::format(
          "the loss \"{}\" was compiled for logits, but the last layer {} gives probabilities "
          "({}): training was slower than it could be; drop one of the two and train again",
          loss->name, JsonQuoted(last.layer), last.name));
    }
  }
}

bool IsImage(const SavedLayer& input) {
  const Json& shape_json = Field(input.config, "batch_shape").is_null()
                               ? Field(input.config, "batch_input_shape")
                               : Field(input.config, "batch_shape");
  const auto shape = IntsIn(shape_json);
  if (!shape || shape->size() != 4) return false;
  if (!DTypeNameOf(Field(input.config, "dtype")).starts_with("float")) return false;
  return std::ranges::any_of(std::vector{(*shape)[1], (*shape)[3]}, [](std::int64_t channels) {
    return channels == 1 || channels == 3 || channels == 4;
  });
}

/// True if a layer that says which range it expects takes this input first.
bool DeclaresRange(const SavedNetwork& network, const std::string& input) {
  for (const SavedLayer& layer : network.layers) {
    for (const Call& call : layer.calls) {
      const std::vector<TensorRef> taken = TensorsOf(call);
      if (std::ranges::find(taken, input, &TensorRef::layer) == taken.end()) continue;
      if (layer.network != nullptr && !layer.network->inputs.empty()) {
        return DeclaresRange(*layer.network, layer.network->inputs.front().layer);
      }
      const LayerRow* row = FindLayer(layer);
      if (row != nullptr && row->inert) return DeclaresRange(network, layer.name);
      return layer.class_name == "Rescaling" || layer.class_name == "Normalization" ||
             layer.class_name == "BatchNormalization";
    }
  }
  return false;
}

}  // namespace

std::vector<std::string> FindDoubts(const SavedModel& model) {
  std::vector<std::string> doubts;
  FindDoubtfulLosses(model, doubts);
  for (const TensorRef& reference : model.network.inputs) {
    const SavedLayer* input = model.network.Find(reference.layer);
    if (input == nullptr || !IsImage(*input) || DeclaresRange(model.network, input->name)) continue;
    doubts.push_back(
        fmt::format("nothing in the file says which range the image input {} expects (0 to 1, 0 to "
                    "255, -1 to 1): feed it as in training; a Rescaling layer in the model would "
                    "say it",
                    JsonQuoted(input->name)));
  }
  return doubts;
}

}  // namespace slipway::import::keras
