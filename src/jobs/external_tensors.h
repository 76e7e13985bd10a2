#pragma once

#include <functional>
#include <string>

#include "base/status.h"
#include "graph/graph.h"
#include "package/manifest.h"

namespace slipway::jobs {

/// Calls `visit` for every tensor of the model whose bytes lie outside it, in sub-graphs,
/// attributes and functions too, until one call fails.
Status ForEachExternalTensor(graph::Model& model,
                             const std::function<Status(graph::Tensor&)>& visit);

/// Checks that every external tensor lies at `location`, within the weights and with as many bytes
/// as its type and dimensions need, and points it to the weights' digest. DataLoss
/// (kCorruptModelFile) naming the tensor.
Status PlaceInWeights(graph::Model& model, const std::string& location,
                      const package::Blob& weights);

}  // namespace slipway::jobs
