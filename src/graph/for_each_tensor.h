#pragma once

#include <functional>

#include "base/status.h"
#include "graph/graph.h"

namespace slipway::graph {

/// Calls `visit` for every tensor of the model until one call fails: constants, the two halves of
/// sparse tensors, attributes, in sub-graphs and functions too.
Status ForEachTensor(Model& model, const std::function<Status(Tensor&)>& visit);
Status ForEachTensor(const Model& model, const std::function<Status(const Tensor&)>& visit);

}  // namespace slipway::graph
