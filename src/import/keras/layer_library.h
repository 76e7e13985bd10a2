#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "import/keras/layer_call.h"
#include "import/keras/saved_network.h"

namespace slipway::import::keras {

/// Translates one call of a layer; gives the outputs in their order.
using LowerLayer = Result<std::vector<TensorId>> (*)(LayerCall& call);

/// A weight of a layer, in the order in which Keras keeps them.
struct WeightSlot {
  std::string name;                ///< as the translation asks for it: "kernel"
  std::vector<std::string> paths;  ///< where a .keras file may keep it: "vars/0"
  bool trainable = true;
};
using SlotsOfLayer = std::vector<WeightSlot> (*)(const SavedLayer& layer);

/// One layer class that can be imported. A new one is a row in one of the tables below and the
/// function that the row names.
struct LayerRow {
  std::string_view class_name;
  LowerLayer lower;
  SlotsOfLayer slots = nullptr;  ///< nullptr: no weights
  bool inert = false;            ///< does nothing at inference
};

std::span<const LayerRow> ActivationLayers();     // layers/activation.cc
std::span<const LayerRow> AttentionLayers();      // layers/attention.cc
std::span<const LayerRow> ConvolutionLayers();    // layers/convolution.cc
std::span<const LayerRow> CoreLayers();           // layers/core.cc
std::span<const LayerRow> MergingLayers();        // layers/merging.cc
std::span<const LayerRow> NormalizationLayers();  // layers/normalization.cc
std::span<const LayerRow> PoolingLayers();        // layers/pooling.cc
std::span<const LayerRow> PreprocessingLayers();  // layers/preprocessing.cc
std::span<const LayerRow> RecurrentLayers();      // layers/recurrent.cc
std::span<const LayerRow> ReshapingLayers();      // layers/reshaping.cc
std::span<const LayerRow> WrapperLayers();        // layers/wrappers.cc
std::span<const LayerRow> OperationNodes();       // layers/operations.cc: keras.ops and operators

/// The row that translates this layer; nullptr: none, or a class of that name which is not Keras's
/// own.
const LayerRow* FindLayer(const SavedLayer& layer);

/// Slots "vars/0", "vars/1", ... of these names below `prefix` ("" or "cell/").
std::vector<WeightSlot> Slots(const std::vector<std::string>& names,
                              const std::string& prefix = "");

/// `tensor` through the activation that a configuration names ("relu", an object, null): itself for
/// linear. Unimplemented: an unknown one.
Result<TensorId> Activate(const LayerCall& call, TensorId tensor, const Json& activation);

/// A value computed element by element by one operator from `tensor`, in whatever layout it is.
TensorId Elementwise(const LayerCall& call, TensorId tensor, std::string op,
                     Attributes attributes = {});

}  // namespace slipway::import::keras
