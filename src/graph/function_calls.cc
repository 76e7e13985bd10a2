#include "graph/function_calls.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace slipway::graph {

namespace {

constexpr std::size_t kMaxNesting = 100;

using Key = std::pair<std::string_view, std::string_view>;  ///< domain and name
using Calls = std::map<Key, std::set<Key>>;

Key KeyOf(std::string_view domain, std::string_view name) {
  return {domain == "ai.onnx" ? std::string_view() : domain, name};
}

void CollectCalls(const Graph& graph, std::size_t depth, std::set<Key>& calls);

void CollectCalls(const Attribute& attribute, std::size_t depth, std::set<Key>& calls) {
  const auto collect = [&](const std::unique_ptr<Graph>& body) {
    if (body != nullptr && depth < kMaxNesting) CollectCalls(*body, depth + 1, calls);
  };
  if (const auto* body = std::get_if<std::unique_ptr<Graph>>(&attribute.value)) collect(*body);
  if (const auto* bodies = std::get_if<std::vector<std::unique_ptr<Graph>>>(&attribute.value))
    std::ranges::for_each(*bodies, collect);
}

void CollectCalls(const Graph& graph, std::size_t depth, std::set<Key>& calls) {
  for (const Node& node : graph.nodes) {
    calls.insert(KeyOf(node.domain, node.op));
    for (const Attribute& attribute : node.attributes) CollectCalls(attribute, depth, calls);
  }
}

/// Only calls between the model's own functions.
Calls CallsOf(const Model& model) {
  Calls calls;
  for (const Function& function : model.functions) calls[KeyOf(function.domain, function.name)];
  for (const Function& function : model.functions) {
    std::set<Key> all;
    CollectCalls(function.body, 0, all);
    std::erase_if(all, [&](const Key& callee) { return !calls.contains(callee); });
    calls[KeyOf(function.domain, function.name)].merge(all);
  }
  return calls;
}

}  // namespace

std::vector<std::string> RecursiveFunctions(const Model& model) {
  Calls open = CallsOf(model);
  std::map<Key, std::vector<Key>> callers;
  std::vector<Key> finished;
  for (const auto& [caller, callees] : open) {
    for (const Key& callee : callees) callers[callee].push_back(caller);
    if (callees.empty()) finished.push_back(caller);
  }
  // A function that calls none but finished ones is finished; what is left calls itself.
  while (!finished.empty()) {
    const Key key = finished.back();
    finished.pop_back();
    open.erase(key);
    for (const Key& caller : callers[key]) {
      std::set<Key>& left = open.at(caller);
      left.erase(key);
      if (left.empty()) finished.push_back(caller);
    }
  }
  std::vector<std::string> names;
  for (const auto& [key, callees] : open) names.emplace_back(key.second);
  return names;
}

}  // namespace slipway::graph
