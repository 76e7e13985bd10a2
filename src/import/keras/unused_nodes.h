#pragma once

#include "graph/graph.h"

namespace slipway::import::keras {

/// Drops the nodes, constants and values that no output needs: layouts and masks that were prepared
/// and not asked for. Inputs stay. For graphs without sub-graphs that capture values.
void RemoveUnused(graph::Graph& graph);

}  // namespace slipway::import::keras
