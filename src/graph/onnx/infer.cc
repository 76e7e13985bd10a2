#include <fmt/format.h>
#include <onnx/shape_inference/implementation.h>

#include <exception>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error_catalogue.h"
#include "graph/onnx/check.h"
#include "graph/onnx/skeleton.h"
#include "graph/onnx_decoder.h"

namespace slipway::graph {

namespace {

using TypesByName = std::unordered_map<std::string_view, const ::onnx::TypeProto*>;

bool IsIncomplete(const ValueType& type) {
  return type.kind == ValueType::Kind::kUnknown ||
         (type.kind == ValueType::Kind::kTensor && !type.shape);
}

void TakeType(const ::onnx::TypeProto& inferred, ValueType& type) {
  const std::string serialised = inferred.SerializeAsString();
  Result<ValueType> decoded = DecodeValueType(std::as_bytes(std::span(serialised)));
  if (decoded.ok() && decoded->kind != ValueType::Kind::kUnknown) type = std::move(decoded).value();
}

void TakeTypes(const ::onnx::GraphProto& inferred, Graph& graph);

void TakeTypes(const ::onnx::AttributeProto& inferred, Attribute& attribute) {
  if (auto* body = std::get_if<std::unique_ptr<Graph>>(&attribute.value)) {
    if (*body != nullptr) TakeTypes(inferred.g(), **body);
  }
  if (auto* bodies = std::get_if<std::vector<std::unique_ptr<Graph>>>(&attribute.value)) {
    for (std::size_t i = 0; i < bodies->size(); ++i)
      TakeTypes(inferred.graphs(static_cast<int>(i)), *(*bodies)[i]);
  }
}

void TakeTypes(const ::onnx::GraphProto& inferred, Graph& graph) {
  TypesByName types;
  for (const auto& info : inferred.value_info()) types.emplace(info.name(), &info.type());
  for (const auto& info : inferred.output()) types.emplace(info.name(), &info.type());
  for (Value& value : graph.values) {
    const auto found = types.find(value.name);
    if (found != types.end() && IsIncomplete(value.type)) TakeType(*found->second, value.type);
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const auto& node = inferred.node(static_cast<int>(i));
    for (std::size_t j = 0; j < graph.nodes[i].attributes.size(); ++j)
      TakeTypes(node.attribute(static_cast<int>(j)), graph.nodes[i].attributes[j]);
  }
}

}  // namespace

Status InferTypes(Model& model) {
  SLIPWAY_TRY(::onnx::ModelProto proto, SkeletonOf(model, Keep::kDimensions));
  try {
    ::onnx::shape_inference::InferShapes(proto);
  } catch (const std::exception& error) {
    return InvalidArgument(fmt::format("types cannot be inferred: {}", ReasonOf(error)))
        .With(errors::kInvalidGraph);
  }
  TakeTypes(proto.graph(), model.main);
  return {};
}

}  // namespace slipway::graph
