#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace slipway::graph {

/// Attributes and nodes in one line each, for what builds graphs: converters and tests.

template <class T>
Attribute MakeAttribute(std::string name, T value) {
  return {.name = std::move(name), .value = std::move(value)};
}

inline Attribute IntAttribute(std::string name, std::int64_t value) {
  return MakeAttribute(std::move(name), value);
}
inline Attribute FloatAttribute(std::string name, float value) {
  return MakeAttribute(std::move(name), value);
}
inline Attribute StringAttribute(std::string name, std::string value) {
  return MakeAttribute(std::move(name), std::move(value));
}
inline Attribute IntsAttribute(std::string name, std::vector<std::int64_t> values) {
  return MakeAttribute(std::move(name), std::move(values));
}
inline Attribute FloatsAttribute(std::string name, std::vector<float> values) {
  return MakeAttribute(std::move(name), std::move(values));
}
inline Attribute StringsAttribute(std::string name, std::vector<std::string> values) {
  return MakeAttribute(std::move(name), std::move(values));
}
inline Attribute TensorAttribute(std::string name, Tensor value) {
  return MakeAttribute(std::move(name), std::move(value));
}
inline Attribute GraphAttribute(std::string name, Graph body) {
  return MakeAttribute(std::move(name), std::make_unique<Graph>(std::move(body)));
}

/// MakeNode("Softmax", {x}, {y}, IntAttribute("axis", 1)).
template <class... Attributes>
Node MakeNode(std::string op, std::vector<ValueId> inputs, std::vector<ValueId> outputs,
              Attributes... attributes) {
  Node node{.op = std::move(op), .inputs = std::move(inputs), .outputs = std::move(outputs)};
  (node.attributes.push_back(std::move(attributes)), ...);
  return node;
}

}  // namespace slipway::graph
