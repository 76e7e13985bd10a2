#include "import/keras/layer_library.h"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::import::keras {

namespace {

/// keras.ops nodes carry class names of their own ("Reshape") that layers have too.
bool IsOperation(const SavedLayer& layer) {
  return layer.module.find(".ops.") != std::string::npos || layer.class_name == "TFOpLambda" ||
         layer.class_name == "SlicingOpLambda" || layer.class_name == "TensorFlowOpLayer";
}

bool IsKerasOwn(const SavedLayer& layer) {
  if (layer.registered_name.find('>') != std::string::npos &&
      !layer.registered_name.starts_with("keras")) {
    return false;
  }
  if (layer.module.empty()) return true;
  for (const std::string_view own :
       {"keras", "tf_keras", "tensorflow.keras", "tensorflow.python.keras"}) {
    if (layer.module == own || layer.module.starts_with(std::string(own) + ".")) return true;
  }
  return false;
}

const LayerRow* FindIn(std::span<const LayerRow> rows, std::string_view class_name) {
  const auto found = std::ranges::find(rows, class_name, &LayerRow::class_name);
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace

const LayerRow* FindLayer(const SavedLayer& layer) {
  if (!IsKerasOwn(layer)) return nullptr;
  if (IsOperation(layer)) return FindIn(OperationNodes(), layer.class_name);
  for (const auto table : {CoreLayers, ActivationLayers, ConvolutionLayers, PoolingLayers,
                           NormalizationLayers, MergingLayers, ReshapingLayers, RecurrentLayers,
                           WrapperLayers, AttentionLayers, PreprocessingLayers}) {
    if (const LayerRow* row = FindIn(table(), layer.class_name)) return row;
  }
  return nullptr;
}

std::vector<WeightSlot> Slots(const std::vector<std::string>& names, const std::string& prefix) {
  std::vector<WeightSlot> slots;
  for (const std::string& name : names) {
    slots.push_back({.name = name, .paths = {fmt::format("{}vars/{}", prefix, slots.size())}});
  }
  return slots;
}

TensorId Elementwise(const LayerCall& call, TensorId tensor, std::string op,
                     Attributes attributes) {
  GraphBuilder& builder = call.builder;
  const Layout layout = builder.LayoutOf(tensor);
  return builder.AddLike(
      builder.Emit(std::move(op), {builder.In(tensor, layout)}, std::move(attributes)), layout,
      tensor);
}

}  // namespace slipway::import::keras
