#include "jobs/id_ranges.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::jobs {

namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::Tensor;
using graph::ValueId;

/// Operators whose first output holds the first input's numbers, all or some.
bool PassesOn(const Node& node) {
  static const std::set<std::string_view> kOperators = {
      "Cast",  "Identity",  "Reshape", "Squeeze", "Unsqueeze", "Flatten",
      "Slice", "Transpose", "Expand",  "Tile",    "Clip",      "Split"};
  return node.domain.empty() && kOperators.contains(node.op);
}

/// The one number of a constant, of the two types that a depth has in practice.
std::optional<std::int64_t> NumberOf(const Tensor& tensor) {
  const auto bytes = tensor.data.view();
  if (tensor.dtype != DType::kI64 || bytes.size() != sizeof(std::int64_t)) return std::nullopt;
  std::int64_t number;
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::byte*>(&number));
  return number;
}

/// How many ids the node accepts as `value`, if it is a look-up in a constant.
std::optional<std::int64_t> IdCountAt(const Graph& graph, const Node& node, ValueId value) {
  const auto is_input = [&](std::size_t index) {
    return node.inputs.size() > index && node.inputs[index] == value;
  };
  if (node.op == "Gather" && is_input(1)) {
    const Tensor* table = graph.FindInitializer(graph.NameOf(node.inputs[0]));
    const auto axis = static_cast<std::size_t>(node.IntOr("axis", 0));
    if (table != nullptr && axis < table->dims.size()) return table->dims[axis];
  }
  if (node.op == "OneHot" && is_input(0) && node.inputs.size() > 1) {
    const Tensor* depth = graph.FindInitializer(graph.NameOf(node.inputs[1]));
    if (depth != nullptr) return NumberOf(*depth);
  }
  return std::nullopt;
}

std::optional<std::int64_t> IdCountOf(const Graph& graph, ValueId input) {
  std::set<ValueId> carrying{input};
  std::optional<std::int64_t> count;
  for (const Node& node : graph.nodes) {  // topological: one pass follows every path
    for (const ValueId value : std::vector(carrying.begin(), carrying.end())) {
      if (const auto here = IdCountAt(graph, node, value); here && *here > 0)
        count = std::min(count.value_or(*here), *here);
    }
    const bool carries =
        !node.inputs.empty() && node.inputs[0] != kNoValue && carrying.contains(node.inputs[0]);
    if (carries && PassesOn(node)) carrying.insert(node.outputs.begin(), node.outputs.end());
  }
  return count;
}

}  // namespace

std::map<std::string, std::int64_t> IdCounts(const Graph& graph) {
  std::map<std::string, std::int64_t> counts;
  for (const ValueId input : graph.inputs) {
    if (const auto count = IdCountOf(graph, input)) counts.emplace(graph.NameOf(input), *count);
  }
  return counts;
}

}  // namespace slipway::jobs
