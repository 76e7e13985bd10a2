#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace slipway::graph {

/// The names of the model's functions that call themselves, through others or not, and of those
/// between them. Empty in a valid model. Does not recurse deeper than a model may nest.
std::vector<std::string> RecursiveFunctions(const Model& model);

}  // namespace slipway::graph
