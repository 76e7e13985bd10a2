#include "import/onnx/signature.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "base/log.h"

namespace slipway::import {

namespace {

using graph::Dim;
using graph::ValueType;

/// Why a value cannot be served; empty if it can.
std::string_view Obstacle(const ValueType& type) {
  if (type.kind == ValueType::Kind::kUnknown) return "has no type";
  if (type.kind != ValueType::Kind::kTensor) return "is not a tensor";
  if (!IsServable(type.dtype)) return "has a type that no protocol carries";
  if (!type.shape) return "has no known number of dimensions";
  if (type.shape->size() > Shape::kMaxRank) return "has too many dimensions";
  return "";
}

TensorSpec SpecOf(const graph::Value& value) {
  TensorSpec spec{.name = value.name, .dtype = value.type.dtype};
  std::vector<std::int64_t> dims;
  for (const Dim& dim : *value.type.shape) {
    const bool is_known = dim.size && *dim.size >= 0;
    dims.push_back(is_known ? *dim.size : -1);
    spec.axis_names.push_back(is_known ? "" : dim.symbol);
  }
  if (std::ranges::all_of(spec.axis_names, &std::string::empty)) spec.axis_names.clear();
  spec.shape = Shape(dims);
  return spec;
}

class Builder {
 public:
  explicit Builder(const graph::Graph& graph) : graph_(graph) {
    for (const auto& tensor : graph.initializers) constants_.insert(tensor.name);
    for (const auto& sparse : graph.sparse_initializers) constants_.insert(sparse.values.name);
  }

  void Add(std::string_view side, graph::ValueId id, std::vector<TensorSpec>& specs) {
    const graph::Value& value = graph_.value(id);
    const std::string_view obstacle = Obstacle(value.type);
    if (obstacle.empty()) {
      specs.push_back(SpecOf(value));
    } else {
      refused_.push_back(fmt::format("{} \"{}\" {}", side, Printable(value.name), obstacle));
    }
  }
  bool IsConstant(graph::ValueId id) const { return constants_.contains(graph_.NameOf(id)); }
  const std::vector<std::string>& refused() const { return refused_; }

 private:
  const graph::Graph& graph_;
  std::unordered_set<std::string_view> constants_;
  std::vector<std::string> refused_;
};

}  // namespace

Result<Signature> SignatureOf(const graph::Graph& graph) {
  Builder builder(graph);
  Signature signature;
  for (const graph::ValueId id : graph.inputs) {
    if (!builder.IsConstant(id)) builder.Add("input", id, signature.inputs);
  }
  for (const graph::ValueId id : graph.outputs) builder.Add("output", id, signature.outputs);
  if (!builder.refused().empty()) {
    return Unimplemented(fmt::format("{}", fmt::join(builder.refused(), "; ")))
        .With(errors::kUnsupportedLayers)
        .Hint("export the model with tensors of known types and ranks");
  }
  if (signature.outputs.empty()) {
    return InvalidArgument("the model has no outputs").With(errors::kInvalidGraph);
  }
  return signature;
}

}  // namespace slipway::import
