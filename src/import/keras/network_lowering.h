#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "import/keras/graph_builder.h"
#include "import/keras/saved_network.h"
#include "tensor/signature.h"

namespace slipway::import::keras {

/// What translating a network tells besides the graph.
struct LoweredNetwork {
  graph::Graph graph;
  Signature signature;
  std::uint64_t layers = 0;
  std::vector<std::string> inert;  ///< classes of layers that do nothing at inference, each once
};

/// Translates the whole model. Unimplemented (kUnsupportedLayers): one error that names every layer
/// without a translation, and says what to do. DataLoss (kCorruptModelFile), naming the layer: the
/// configuration and the weights contradict each other.
Result<LoweredNetwork> LowerModel(const SavedModel& model, graph::WeightSink* sink);

}  // namespace slipway::import::keras
