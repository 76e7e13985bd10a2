#include "import/keras/network_lowering.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "import/keras/evaluation_order.h"
#include "import/keras/layer_library.h"
#include "import/keras/refusals.h"

namespace slipway::import::keras {

namespace {

std::optional<DType> DTypeNamed(std::string_view name) {
  static constexpr std::pair<std::string_view, DType> kNames[] = {
      {"float32", DType::kF32},   {"int32", DType::kI32},  {"int64", DType::kI64},
      {"bool", DType::kBool},     {"uint8", DType::kU8},   {"int8", DType::kI8},
      {"int16", DType::kI16},     {"uint16", DType::kU16}, {"uint32", DType::kU32},
      {"string", DType::kString},
  };
  const auto found = std::ranges::find(kNames, name, &std::pair<std::string_view, DType>::first);
  if (found == std::end(kNames)) return std::nullopt;
  return found->second;
}

class NetworkLowering {
 public:
  NetworkLowering(const SavedModel& model, graph::WeightSink* sink)
      : model_(model), builder_(sink) {}

  Result<LoweredNetwork> Run();

 private:
  using Values = std::map<TensorRef, TensorId>;

  Status AddInput(const SavedLayer& layer, std::size_t output, Values& values);
  Status LowerCalls(const SavedNetwork& network, const std::string& prefix, Values& values);
  Status LowerCall(const SavedLayer& layer, std::size_t call, const std::string& path,
                   Values& values);
  Result<std::vector<TensorId>> LowerNested(const SavedNetwork& network, const std::string& path,
                                            const std::vector<TensorId>& inputs);
  Status AddOutputs(const Values& values);

  const SavedModel& model_;
  GraphBuilder builder_;
  Refusals refusals_;
  LoweredNetwork made_;
  std::set<std::string> inert_;
};

/// -1 stands for sizes that are not known; the batch is free unless the file fixes it.
Status NetworkLowering::AddInput(const SavedLayer& layer, std::size_t output, Values& values) {
  const Json& shape_json = Field(layer.config, "batch_shape").is_null()
                               ? Field(layer.config, "batch_input_shape")
                               : Field(layer.config, "batch_shape");
  const auto shape = IntsIn(shape_json);
  constexpr std::int64_t kLargest = std::int64_t{1} << 31;
  const auto bounded = [](std::int64_t size) {
    return size >= -1 && size != 0 && size <= kLargest;
  };
  if (!shape || shape->empty() || shape->size() > Shape::kMaxRank ||
      !std::ranges::all_of(*shape, bounded)) {
    return DataLoss("the shape of the input is not in the file")
        .With(errors::kCorruptModelFile)
        .At("layer " + layer.name)
        .Hint("call the model once, or give its first layer an Input, and save it again");
  }
  const std::string dtype_name = DTypeNameOf(Field(layer.config, "dtype"));
  // Half and double precision are computed in single: their inputs are taken so.
  const DType dtype = DTypeNamed(dtype_name).value_or(DType::kF32);
  if (dtype == DType::kString) {
    refusals_.Add(layer, "text inputs: strings are handled before the model");
    return {};
  }
  TensorSpec spec{.name = layer.name, .dtype = dtype};
  SLIPWAY_TRY(spec.shape, Shape::Make(*shape));
  spec.axis_names.resize(shape->size());
  if (shape->front() == -1) spec.axis_names[0] = "batch";
  made_.signature.inputs.push_back(std::move(spec));
  values[{.layer = layer.name, .call = 0, .output = output}] =
      builder_.AddInput(layer.name, *shape, dtype);
  return {};
}

Status NetworkLowering::LowerCall(const SavedLayer& layer, std::size_t call_number,
                                  const std::string& path, Values& values) {
  const Call& arguments = layer.calls[call_number];
  LayerCall call{.builder = builder_,
                 .layer = layer,
                 .file = *model_.weights,
                 .generation = model_.generation,
                 .path = path,
                 .inputs = {},
                 .named = {},
                 .call = &arguments};
  const auto resolve = [&values](const Argument& argument, std::vector<TensorId>& found) {
    std::vector<TensorRef> references;
    AppendTensors(argument, references);
    for (const TensorRef& reference : references) {
      const auto value = values.find(reference);
      if (value == values.end()) return false;
      found.push_back(value->second);
    }
    return true;
  };
  bool complete = true;
  for (const Argument& argument : arguments.positional) {
    complete = complete && resolve(argument, call.inputs);
  }
  for (const auto& [name, argument] : arguments.named) {
    std::vector<TensorId> found;
    complete = complete && resolve(argument, found);
    if (!found.empty()) call.named[name] = std::move(found);
  }
  if (!complete) return {};  // what it takes could not be made: that is reported there
  if (call.inputs.empty()) {
    // Keras 2 and 3 may give all operands by name.
    for (const auto& [name, tensors] : call.named) {
      if (name.find("mask") != std::string::npos) continue;
      call.inputs.insert(call.inputs.end(), tensors.begin(), tensors.end());
    }
  }
  const LayerRow* row = FindLayer(layer);
  if (call.inputs.empty() || (row == nullptr && layer.network == nullptr)) return {};
  const bool has_axes =
      std::ranges::all_of(call.inputs, [this](TensorId id) { return builder_.at(id).rank() > 0; });
  if (!has_axes) {
    refusals_.Add(layer, "a single number as its input");
    return {};
  }
  builder_.EnterLayer(path);
  Result<std::vector<TensorId>> outputs =
      layer.network != nullptr ? LowerNested(*layer.network, path, call.inputs) : row->lower(call);
  if (!outputs.ok()) {
    if (outputs.status().code() != Code::kUnimplemented) return std::move(outputs).status();
    refusals_.Add(layer, outputs.status().message());
    return {};
  }
  ++made_.layers;
  if (row != nullptr && row->inert) inert_.insert(layer.class_name);
  for (std::size_t i = 0; i < outputs->size(); ++i) {
    values[{.layer = layer.name, .call = call_number, .output = i}] = (*outputs)[i];
  }
  return {};
}

Status NetworkLowering::LowerCalls(const SavedNetwork& network, const std::string& prefix,
                                   Values& values) {
  SLIPWAY_TRY(const std::vector<CallSite> order, EvaluationOrder(network));
  for (const CallSite& site : order) {
    const SavedLayer& layer = network.layers[site.layer];
    SLIPWAY_RETURN_IF_ERROR(LowerCall(layer, site.call, prefix + layer.name, values));
  }
  return {};
}

Result<std::vector<TensorId>> NetworkLowering::LowerNested(const SavedNetwork& network,
                                                           const std::string& path,
                                                           const std::vector<TensorId>& inputs) {
  if (inputs.size() != network.inputs.size()) {
    return DataLoss(fmt::format("it takes {} inputs and is given {}", network.inputs.size(),
                                inputs.size()))
        .With(errors::kCorruptModelFile)
        .At("layer " + network.name);
  }
  Values values;
  for (std::size_t i = 0; i < inputs.size(); ++i) values[network.inputs[i]] = inputs[i];
  SLIPWAY_RETURN_IF_ERROR(LowerCalls(network, path + "/", values));
  std::vector<TensorId> outputs;
  for (const TensorRef& reference : network.outputs) {
    const auto found = values.find(reference);
    if (found == values.end()) {
      // Something inside was refused, and reported there; nothing more is known of this model.
      return std::vector<TensorId>();
    }
    outputs.push_back(found->second);
  }
  return outputs;
}

Status NetworkLowering::AddOutputs(const Values& values) {
  for (const TensorRef& reference : model_.network.outputs) {
    const auto found = values.find(reference);
    if (found == values.end()) {
      return DataLoss("the output is not computed by any layer")
          .With(errors::kCorruptModelFile)
          .At("layer " + reference.layer);
    }
    builder_.EnterLayer("output");
    const std::string name = builder_.AddOutput(reference.layer, found->second);
    const Tensor& tensor = builder_.at(found->second);
    TensorSpec spec{.name = name, .dtype = tensor.dtype};
    SLIPWAY_TRY(spec.shape, Shape::Make(tensor.shape));
    spec.axis_names.resize(tensor.shape.size());
    if (!tensor.shape.empty() && tensor.shape[0] == -1) spec.axis_names[0] = "batch";
    made_.signature.outputs.push_back(std::move(spec));
  }
  return {};
}

Result<LoweredNetwork> NetworkLowering::Run() {
  refusals_.AddUnknownLayers(model_.network);
  Values values;
  for (const TensorRef& input : model_.network.inputs) {
    const SavedLayer* layer = model_.network.Find(input.layer);
    if (layer == nullptr) {
      return DataLoss("an input that is no layer of the model").With(errors::kCorruptModelFile);
    }
    SLIPWAY_RETURN_IF_ERROR(AddInput(*layer, input.output, values));
  }
  SLIPWAY_RETURN_IF_ERROR(LowerCalls(model_.network, "", values));
  SLIPWAY_RETURN_IF_ERROR(refusals_.ToStatus());
  SLIPWAY_RETURN_IF_ERROR(AddOutputs(values));
  made_.graph = builder_.Finish(model_.network.name);
  made_.inert.assign(inert_.begin(), inert_.end());
  return std::move(made_);
}

}  // namespace

Result<LoweredNetwork> LowerModel(const SavedModel& model, graph::WeightSink* sink) {
  return NetworkLowering(model, sink).Run();
}

}  // namespace slipway::import::keras
