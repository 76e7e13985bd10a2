#include "import/keras/saved_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "base/error_catalogue.h"
#include "import/keras/config_fields.h"
#include "import/keras/keras1_config.h"

namespace slipway::import::keras {

namespace {

constexpr std::size_t kMaxLayers = 100'000;
constexpr std::size_t kMaxNesting = 16;

Status Corrupt(std::string message) {
  return DataLoss(std::move(message)).With(errors::kCorruptModelFile);
}

bool IsReference(const Json& json) {
  return json.is_array() && json.size() >= 3 && json[0].is_string() &&
         json[1].is_number_unsigned() && json[2].is_number_unsigned();
}

TensorRef ToReference(const Json& json) {
  return {.layer = json[0].get<std::string>(),
          .call = json[1].get<std::size_t>(),
          .output = json[2].get<std::size_t>()};
}

/// References in whatever nesting: a triple, a list of triples, a dictionary (in the order of its
/// keys, which is the order of the model's values).
void CollectReferences(const Json& json, std::vector<TensorRef>& found) {
  if (IsReference(json)) {
    found.push_back(ToReference(json));
  } else if (json.is_structured()) {
    for (const Json& item : json) CollectReferences(item, found);
  }
}

/// An argument as Keras 3 writes it: tensors are objects that say so.
Argument ParseArgument(const Json& json) {
  Argument argument;
  if (json.is_object() && TextOr(json, "class_name", "") == "__keras_tensor__") {
    const Json& history = Field(Field(json, "config"), "keras_history");
    if (IsReference(history)) argument.tensor = ToReference(history);
  } else if (json.is_array() ||
             (json.is_object() && !json.contains("class_name") && !json.empty())) {
    argument.list.emplace();
    for (const Json& item : json) argument.list->push_back(ParseArgument(item));
  }
  if (!argument.tensor) argument.literal = json;
  return argument;
}

/// A keyword argument as Keras 2 writes it: a tensor is a triple that begins with a layer's name.
Argument ParseOldArgument(const Json& json, const std::set<std::string>& layer_names) {
  Argument argument;
  if (IsReference(json) && layer_names.contains(json[0].get<std::string>())) {
    argument.tensor = ToReference(json);
  } else if (json.is_array() && !json.empty() && json[0].is_array()) {
    argument.list.emplace();
    for (const Json& item : json) argument.list->push_back(ParseOldArgument(item, layer_names));
  }
  if (!argument.tensor) argument.literal = json;
  return argument;
}

/// One entry of an old call: [layer, node, tensor, keyword arguments], or a constant.
Argument ParseOldEntry(const Json& entry) {
  Argument argument;
  if (IsReference(entry)) {
    argument.tensor = ToReference(entry);
  } else if (entry.is_array() && entry.size() >= 3) {
    argument.literal = entry[2];  // ["_CONSTANT_VALUE", -1, value, ...]
  }
  return argument;
}

Call ParseOldCall(const Json& node, const std::set<std::string>& layer_names) {
  Call call;
  std::vector<Argument> entries;
  for (const Json& entry : node) {
    entries.push_back(ParseOldEntry(entry));
    if (!entry.is_array() || entry.size() < 4 || !entry[3].is_object()) continue;
    for (const auto& [name, value] : entry[3].items()) {
      call.named[name] = ParseOldArgument(value, layer_names);
    }
  }
  if (entries.size() == 1) {
    call.positional.push_back(std::move(entries.front()));
  } else {
    call.positional.push_back({.tensor = {}, .list = std::move(entries), .literal = {}});
  }
  return call;
}

Call ParseCall(const Json& node, const std::set<std::string>& layer_names) {
  if (node.is_array()) return ParseOldCall(node, layer_names);
  Call call;
  for (const Json& argument : Field(node, "args")) {
    call.positional.push_back(ParseArgument(argument));
  }
  const Json& named = Field(node, "kwargs");
  if (!named.is_object()) return call;
  for (const auto& [name, value] : named.items()) call.named[name] = ParseArgument(value);
  return call;
}

Result<SavedNetwork> ParseNested(const Json& model, std::size_t depth);
Result<SavedLayer> ParseLayer(const Json& json, std::size_t depth);

bool IsNetworkConfig(const Json& config) {
  return config.is_object() && Field(config, "layers").is_array();
}

/// The layers inside a wrapper, by the attribute names that .keras files use.
Status ParseParts(SavedLayer& layer, std::size_t depth) {
  const bool bidirectional = layer.class_name == "Bidirectional";
  for (const char* key : {"layer", "backward_layer", "cell"}) {
    const Json& json = Field(layer.config, key);
    if (!json.is_object() || !json.contains("class_name")) continue;
    SLIPWAY_TRY(SavedLayer part, ParseLayer(json, depth + 1));
    part.attribute = bidirectional && std::string_view(key) == "layer" ? "forward_layer" : key;
    layer.parts.push_back(std::move(part));
  }
  const Json& cells = Field(layer.config, "cells");
  for (std::size_t i = 0; cells.is_array() && i < cells.size(); ++i) {
    SLIPWAY_TRY(SavedLayer part, ParseLayer(cells[i], depth + 1));
    part.attribute = "cells";
    part.name = fmt::format("cell_{}", i);
    layer.parts.push_back(std::move(part));
  }
  if (!bidirectional || layer.parts.size() != 1) return {};
  const SavedLayer& forward = layer.parts.front();
  if (forward.attribute != "forward_layer" || !forward.config.is_object()) {
    return Corrupt("a Bidirectional around no layer");
  }
  // Old files give the forward layer only: the backward one is its mirror image.
  Json mirrored = Field(layer.config, "layer");
  mirrored["config"] = layer.parts.front().config;
  mirrored["config"]["go_backwards"] = !BoolOr(layer.parts.front().config, "go_backwards", false);
  SLIPWAY_TRY(SavedLayer backward, ParseLayer(mirrored, depth + 1));
  backward.attribute = "backward_layer";
  backward.name = "backward_" + backward.name;
  layer.parts.push_back(std::move(backward));
  return {};
}

Result<SavedLayer> ParseLayer(const Json& json, std::size_t depth) {
  if (depth > kMaxNesting) {
    return ResourceExhausted(fmt::format("models are nested deeper than {}", kMaxNesting))
        .With(errors::kImportLimit);
  }
  SavedLayer layer;
  layer.class_name = TextOr(json, "class_name", "");
  layer.module = TextOr(json, "module", "");
  layer.registered_name = TextOr(json, "registered_name", "");
  layer.config = Field(json, "config");
  if (layer.class_name.empty()) return Corrupt("a layer without a class");
  layer.name = TextOr(json, "name", TextOr(layer.config, "name", ""));
  if (IsNetworkConfig(layer.config) || layer.config.is_array()) {
    SLIPWAY_TRY(SavedNetwork network, ParseNested(json, depth + 1));
    if (layer.name.empty()) layer.name = network.name;
    layer.network = std::make_unique<SavedNetwork>(std::move(network));
    return layer;
  }
  if (!layer.config.is_object()) layer.config = Json::object();
  UpdateKeras1Layer(layer.class_name, layer.config);
  SLIPWAY_RETURN_IF_ERROR(ParseParts(layer, depth));
  return layer;
}

Json FirstShape(const SavedLayer& first, const Json& first_json, const Json& config) {
  if (first.network != nullptr && !first.network->inputs.empty()) {
    const SavedLayer* input = first.network->Find(first.network->inputs.front().layer);
    if (input != nullptr) return Field(input->config, "batch_shape");
  }
  for (const Json* shape :
       {&Field(first.config, "batch_shape"), &Field(first.config, "batch_input_shape"),
        &Field(config, "build_input_shape"),
        &Field(Field(first_json, "build_config"), "input_shape")}) {
    if (shape->is_array()) return *shape;
  }
  return nullptr;
}

/// The input of a Sequential whose file lists none.
SavedLayer MakeInput(const SavedLayer& first, const Json& first_json, const Json& config) {
  SavedLayer input;
  input.class_name = "InputLayer";
  input.name = first.name + "_input";
  input.config = {{"name", input.name}, {"batch_shape", FirstShape(first, first_json, config)}};
  input.config["dtype"] = first.config.is_object() ? Field(first.config, "dtype") : Json();
  return input;
}

/// A chain of layers becomes the calls of a Functional model.
Status ChainLayers(SavedNetwork& network, const Json& layers, const Json& config) {
  if (network.layers.empty()) return Corrupt("a Sequential model without layers");
  if (network.layers.front().class_name != "InputLayer") {
    network.layers.insert(network.layers.begin(),
                          MakeInput(network.layers.front(), layers[0], config));
  }
  network.inputs = {{.layer = network.layers.front().name}};
  for (std::size_t i = 1; i < network.layers.size(); ++i) {
    Call call;
    call.positional.push_back(
        {.tensor = TensorRef{.layer = network.layers[i - 1].name}, .list = {}, .literal = {}});
    network.layers[i].calls.push_back(std::move(call));
  }
  network.outputs = {{.layer = network.layers.back().name}};
  return {};
}

/// Keras 2 counts the calls of a nested model from 1, since building it was call 0.
void CountCallsFromZero(SavedNetwork& network) {
  std::map<std::string, std::size_t, std::less<>> highest;
  const auto each_reference = [&network](const auto& visit) {
    const std::function<void(Argument&)> in_argument = [&](Argument& argument) {
      if (argument.tensor) visit(*argument.tensor);
      if (!argument.list) return;
      for (Argument& item : *argument.list) in_argument(item);
    };
    for (SavedLayer& layer : network.layers) {
      for (Call& call : layer.calls) {
        for (Argument& argument : call.positional) in_argument(argument);
        for (auto& [name, argument] : call.named) in_argument(argument);
      }
    }
    for (TensorRef& output : network.outputs) visit(output);
  };
  each_reference([&](const TensorRef& reference) {
    std::size_t& calls = highest[reference.layer];
    calls = std::max(calls, reference.call);
  });
  std::set<std::string, std::less<>> shifted;
  for (const SavedLayer& layer : network.layers) {
    const auto found = highest.find(layer.name);
    if (layer.network != nullptr && found != highest.end() && !layer.calls.empty() &&
        found->second == layer.calls.size()) {
      shifted.insert(layer.name);
    }
  }
  each_reference([&](TensorRef& reference) {
    if (reference.call > 0 && shifted.contains(reference.layer)) --reference.call;
  });
}

Status ConnectLayers(SavedNetwork& network, const Json& layers, const Json& config) {
  std::set<std::string> names;
  for (const SavedLayer& layer : network.layers) names.insert(layer.name);
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    for (const Json& node : Field(layers[i], "inbound_nodes")) {
      network.layers[i].calls.push_back(ParseCall(node, names));
    }
  }
  CollectReferences(Field(config, "input_layers"), network.inputs);
  CollectReferences(Field(config, "output_layers"), network.outputs);
  if (network.inputs.empty() || network.outputs.empty()) {
    return Corrupt("a model without inputs or outputs");
  }
  CountCallsFromZero(network);
  return {};
}

Status CheckNames(const SavedNetwork& network) {
  std::set<std::string_view> names;
  for (const SavedLayer& layer : network.layers) {
    if (!names.insert(layer.name).second) {
      return Corrupt("two layers of one name").At("layer " + layer.name);
    }
  }
  return {};
}

Result<SavedNetwork> ParseNested(const Json& model, std::size_t depth) {
  const Json& config = Field(model, "config");
  const Json& layers = config.is_array() ? config : Field(config, "layers");
  if (!layers.is_array()) {
    return Unimplemented(fmt::format("{} is a subclassed model: its structure is Python code, "
                                     "which is never executed",
                                     TextOr(model, "class_name", "this")))
        .With(errors::kUnsupportedLayers)
        .Hint(
            "build the same network with keras.Sequential or keras.Model(inputs, outputs), "
            "copy the weights, save that");
  }
  if (layers.size() > kMaxLayers) {
    return ResourceExhausted(fmt::format("{} layers, at most {}", layers.size(), kMaxLayers))
        .With(errors::kImportLimit);
  }
  SavedNetwork network;
  network.name = TextOr(config, "name", TextOr(model, "name", "model"));
  for (const Json& json : layers) {
    SLIPWAY_TRY(SavedLayer layer, ParseLayer(json, depth));
    if (layer.name.empty()) layer.name = fmt::format("layer_{}", network.layers.size());
    network.layers.push_back(std::move(layer));
  }
  const bool functional = config.is_object() && config.contains("output_layers");
  SLIPWAY_RETURN_IF_ERROR(functional ? ConnectLayers(network, layers, config)
                                     : ChainLayers(network, layers, config));
  SLIPWAY_RETURN_IF_ERROR(CheckNames(network));
  return network;
}

}  // namespace

const SavedLayer* SavedLayer::Part(std::string_view attribute_name) const {
  const auto found = std::ranges::find(parts, attribute_name, &SavedLayer::attribute);
  return found == parts.end() ? nullptr : &*found;
}

bool SavedLayer::trainable() const { return BoolOr(config, "trainable", true); }

const SavedLayer* SavedNetwork::Find(std::string_view layer) const {
  const auto found = std::ranges::find(layers, layer, &SavedLayer::name);
  return found == layers.end() ? nullptr : &*found;
}

Result<SavedNetwork> ParseNetwork(const Json& model) { return ParseNested(model, 0); }

int GenerationOf(std::string_view version) {
  if (version.starts_with("1.")) return 1;
  if (version.starts_with("3.")) return 3;
  return 2;
}

}  // namespace slipway::import::keras
