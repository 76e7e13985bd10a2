#pragma once

#include <optional>
#include <string>

#include "graph/graph.h"

namespace slipway::graph {

/// What is wrong with a node's numbers that no schema bounds: a stride of 0, an axis of INT_MIN.
/// Engines divide by them. Standard operators and com.microsoft's only; nullopt: nothing.
std::optional<std::string> ForbiddenNumber(const Node& node);

}  // namespace slipway::graph
