#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "graph/graph.h"

namespace slipway::jobs {

/// For every graph input that is used as ids into a constant table (Gather, an embedding; OneHot):
/// the number of ids, where the graph shows it. Follows casts and changes of shape. Inputs that are
/// not ids are absent.
std::map<std::string, std::int64_t> IdCounts(const graph::Graph& graph);

}  // namespace slipway::jobs
