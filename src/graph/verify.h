#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace slipway::graph {

/// One thing that is wrong with a model, and where: "main, node 12 \"conv_1\" (Conv)".
struct Finding {
  std::string place;
  std::string message;
};

/// Checks structure, without ONNX's schemas (graph/onnx has those): names unique and defined before
/// use, no cycles, outputs produced, opset imports present for every domain used, tensors whose
/// bytes fit their dims, sub-graph captures resolved, nesting bounded, functions not recursive.
/// Empty: nothing is wrong. Stops after `max_findings`.
std::vector<Finding> Verify(const Model& model, std::size_t max_findings = 100);

/// The findings as one Status (InvalidArgument, kInvalidGraph), or success.
Status ToStatus(const std::vector<Finding>& findings);

}  // namespace slipway::graph
