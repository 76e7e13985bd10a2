#include "import/keras/unused_nodes.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace slipway::import::keras {

namespace {

std::vector<bool> NeededValues(const graph::Graph& graph) {
  std::vector<bool> needed(graph.values.size(), false);
  const auto need = [&needed](graph::ValueId id) {
    if (id != graph::kNoValue) needed[static_cast<std::size_t>(id)] = true;
  };
  for (const graph::ValueId id : graph.inputs) need(id);
  for (const graph::ValueId id : graph.outputs) need(id);
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    const bool is_needed = std::ranges::any_of(node->outputs, [&](graph::ValueId id) {
      return id != graph::kNoValue && needed[static_cast<std::size_t>(id)];
    });
    if (!is_needed) continue;
    for (const graph::ValueId id : node->inputs) need(id);
    for (const graph::ValueId id : node->outputs) need(id);
  }
  return needed;
}

}  // namespace

void RemoveUnused(graph::Graph& graph) {
  const std::vector<bool> needed = NeededValues(graph);
  std::vector<graph::ValueId> moved(graph.values.size(), graph::kNoValue);
  std::unordered_set<std::string> dropped;
  std::vector<graph::Value> kept;
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    if (!needed[i]) {
      dropped.insert(graph.values[i].name);
      continue;
    }
    moved[i] = static_cast<graph::ValueId>(kept.size());
    kept.push_back(std::move(graph.values[i]));
  }
  graph.values = std::move(kept);
  std::erase_if(graph.initializers,
                [&](const graph::Tensor& tensor) { return dropped.contains(tensor.name); });
  std::erase_if(graph.nodes, [&](const graph::Node& node) {
    return std::ranges::none_of(node.outputs, [&](graph::ValueId id) {
      return id != graph::kNoValue && moved[static_cast<std::size_t>(id)] != graph::kNoValue;
    });
  });
  const auto move_all = [&moved](std::vector<graph::ValueId>& ids) {
    for (graph::ValueId& id : ids) {
      if (id != graph::kNoValue) id = moved[static_cast<std::size_t>(id)];
    }
  };
  for (graph::Node& node : graph.nodes) {
    move_all(node.inputs);
    move_all(node.outputs);
  }
  move_all(graph.inputs);
  move_all(graph.outputs);
}

}  // namespace slipway::import::keras
