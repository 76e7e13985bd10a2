#include "graph/graph.h"

#include <algorithm>
#include <bit>
#include <type_traits>

#include "base/checked.h"

namespace slipway::graph {

static_assert(std::endian::native == std::endian::little,
              "tensor bytes are little-endian and are not swapped");

namespace {

/// Copies an attribute's value: everything but sub-graphs copies itself.
template <class T>
T Copied(const T& value) {
  return value;
}

std::unique_ptr<Graph> Copied(const std::unique_ptr<Graph>& graph) {
  return graph ? std::make_unique<Graph>(graph->Clone()) : nullptr;
}

std::vector<std::unique_ptr<Graph>> Copied(const std::vector<std::unique_ptr<Graph>>& graphs) {
  std::vector<std::unique_ptr<Graph>> copies;
  for (const auto& graph : graphs) copies.push_back(Copied(graph));
  return copies;
}

template <class T>
Tensor PackedTensor(DType dtype, std::string name, std::vector<std::int64_t> dims,
                    std::span<const T> values) {
  const auto bytes = std::as_bytes(values);
  return {.name = std::move(name),
          .dtype = dtype,
          .dims = std::move(dims),
          .data = Bytes(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()))};
}

/// The attribute's value if it is there and a T.
template <class T>
const T* ValueOf(const Node& node, std::string_view attribute) {
  const Attribute* found = node.Find(attribute);
  return found == nullptr ? nullptr : std::get_if<T>(&found->value);
}

}  // namespace

Bytes::Bytes(std::string owned) {
  const auto keeper = std::make_shared<const std::string>(std::move(owned));
  view_ = std::as_bytes(std::span(*keeper));
  keeper_ = keeper;
}

std::optional<std::uint64_t> Tensor::ElementCount() const { return CheckedProduct(dims); }

Tensor Tensor::FromFloats(std::string name, std::vector<std::int64_t> dims,
                          std::span<const float> values) {
  return PackedTensor(DType::kF32, std::move(name), std::move(dims), values);
}

Tensor Tensor::FromInt64s(std::string name, std::vector<std::int64_t> dims,
                          std::span<const std::int64_t> values) {
  return PackedTensor(DType::kI64, std::move(name), std::move(dims), values);
}

Attribute Attribute::Clone() const {
  Attribute copy{.name = name,
                 .doc = doc,
                 .reference = reference,
                 .declared_type = declared_type,
                 .unknown_fields = unknown_fields};
  std::visit([&](const auto& from) { copy.value = Copied(from); }, value);
  return copy;
}

const Attribute* Node::Find(std::string_view attribute) const {
  const auto found = std::ranges::find(attributes, attribute, &Attribute::name);
  return found == attributes.end() ? nullptr : &*found;
}

std::int64_t Node::IntOr(std::string_view attribute, std::int64_t otherwise) const {
  const auto* value = ValueOf<std::int64_t>(*this, attribute);
  return value == nullptr ? otherwise : *value;
}

float Node::FloatOr(std::string_view attribute, float otherwise) const {
  const auto* value = ValueOf<float>(*this, attribute);
  return value == nullptr ? otherwise : *value;
}

std::string Node::StringOr(std::string_view attribute, std::string otherwise) const {
  const auto* value = ValueOf<std::string>(*this, attribute);
  return value == nullptr ? std::move(otherwise) : *value;
}

std::vector<std::int64_t> Node::IntsOr(std::string_view attribute,
                                       std::vector<std::int64_t> otherwise) const {
  const auto* value = ValueOf<std::vector<std::int64_t>>(*this, attribute);
  return value == nullptr ? std::move(otherwise) : *value;
}

Node Node::Clone() const {
  Node copy{.op = op,
            .domain = domain,
            .name = name,
            .overload = overload,
            .doc = doc,
            .inputs = inputs,
            .outputs = outputs,
            .metadata = metadata,
            .unknown_fields = unknown_fields};
  for (const Attribute& attribute : attributes) copy.attributes.push_back(attribute.Clone());
  return copy;
}

ValueId Graph::AddValue(std::string value_name, ValueType type) {
  values.push_back({.name = std::move(value_name), .type = std::move(type)});
  return ValueId(values.size() - 1);
}

std::optional<ValueId> Graph::FindValue(std::string_view value_name) const {
  const auto found = std::ranges::find(values, value_name, &Value::name);
  if (found == values.end()) return std::nullopt;
  return ValueId(found - values.begin());
}

const Tensor* Graph::FindInitializer(std::string_view value_name) const {
  const auto found = std::ranges::find(initializers, value_name, &Tensor::name);
  return found == initializers.end() ? nullptr : &*found;
}

ValueId Graph::AddInitializer(Tensor tensor) {
  const ValueId id = AddValue(tensor.name, TensorType(tensor.dtype, tensor.dims));
  initializers.push_back(std::move(tensor));
  return id;
}

NodeId Graph::AddNode(Node node) {
  nodes.push_back(std::move(node));
  return NodeId(nodes.size() - 1);
}

Graph Graph::Clone() const {
  Graph copy{.name = name,
             .doc = doc,
             .metadata = metadata,
             .values = values,
             .inputs = inputs,
             .outputs = outputs,
             .initializers = initializers,
             .sparse_initializers = sparse_initializers,
             .quantization_annotations = quantization_annotations,
             .unknown_fields = unknown_fields};
  copy.nodes.reserve(nodes.size());
  for (const Node& node : nodes) copy.nodes.push_back(node.Clone());
  return copy;
}

std::int64_t Model::Opset() const {
  const auto found = std::ranges::find_if(opset_imports, [](const OpsetImport& import) {
    return import.domain.empty() || import.domain == "ai.onnx";
  });
  return found == opset_imports.end() ? 0 : found->version;
}

ValueType TensorType(DType dtype, std::span<const std::int64_t> dims) {
  ValueType type{.kind = ValueType::Kind::kTensor, .dtype = dtype};
  type.shape.emplace();
  for (const std::int64_t dim : dims) type.shape->push_back(dim < 0 ? Dim{} : Dim{.size = dim});
  return type;
}

}  // namespace slipway::graph
