#include <fmt/format.h>

#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "graph/onnx_decoder.h"
#include "graph/onnx_fields.h"

namespace slipway::graph {

Status CorruptModel(std::string message) {
  return DataLoss(std::move(message)).With(errors::kCorruptModelFile);
}

Status BrokenModel(WireFault fault) {
  if (fault == WireFault::kNone) return {};
  return CorruptModel(fault == WireFault::kCutShort
                          ? "the file is cut short, or a length in it is wrong"
                          : "the bytes are not an ONNX model")
      .Hint("write or copy the file again");
}

Status ImportLimit(std::string message) {
  return ResourceExhausted(std::move(message)).With(errors::kImportLimit);
}

Status CheckEncoding(const WireField& field, WireType type) {
  if (field.type == type) return {};
  return CorruptModel(fmt::format("field {} is not encoded as ONNX says", field.number));
}

Status TakeText(const WireField& field, std::string& into) {
  SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kBytes));
  into = field.text();
  return {};
}

Status TakeInt(const WireField& field, std::int64_t& into) {
  SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kVarint));
  into = static_cast<std::int64_t>(field.scalar);
  return {};
}

Status TakeInts(const WireField& field, std::vector<std::int64_t>& into) {
  if (field.type != WireType::kBytes) return TakeInt(field, into.emplace_back());
  PackedVarints numbers(field.bytes);
  for (std::uint64_t number = 0; numbers.Next(number);)
    into.push_back(static_cast<std::int64_t>(number));
  return numbers.broken() ? CorruptModel("a list of integers is broken") : Status();
}

void KeepUnknown(const WireField& field, std::string& unknown) {
  unknown.append(reinterpret_cast<const char*>(field.whole.data()), field.whole.size());
}

namespace {

/// The last text field of that number, as a view into the file.
std::string_view TextOf(const WireField& message, std::uint32_t number) {
  std::string_view text;
  WireReader reader(message.bytes);
  for (WireField field; reader.Next(field);) {
    if (field.number == number) text = field.text();
  }
  return text;
}

std::string PlaceOfNode(std::size_t index, const Node& node) {
  return fmt::format("node {} \"{}\"{}", index, Printable(node.name),
                     node.op.empty() ? "" : fmt::format(" ({})", Printable(node.op)));
}

}  // namespace

Status OnnxDecoder::CountOne() {
  if (Count()) return {};
  return ImportLimit(
      fmt::format("the model has more than {} parts", kItemsPerNode * limits_.max_nodes));
}

ValueId OnnxDecoder::Intern(std::string_view name, Names& names, Graph& graph) {
  if (name.empty()) return kNoValue;
  const auto [found, is_new] = names.try_emplace(name, kNoValue);
  if (is_new) found->second = graph.AddValue(std::string(name));
  return found->second;
}

Result<Model> OnnxDecoder::DecodeModel(std::span<const std::byte> bytes) {
  Model model;
  const WireField file{.type = WireType::kBytes, .bytes = bytes};
  SLIPWAY_RETURN_IF_ERROR(
      ForEachField(file, [&](const WireField& field) { return ModelField(field, model); }));
  if (!has_graph_) return CorruptModel("the file holds no graph");
  return model;
}

Status OnnxDecoder::ModelField(const WireField& field, Model& model) {
  namespace names = field::model;
  switch (field.number) {
    case names::kIrVersion:
      return TakeInt(field, model.ir_version);
    case names::kProducerName:
      return TakeText(field, model.producer_name);
    case names::kProducerVersion:
      return TakeText(field, model.producer_version);
    case names::kDomain:
      return TakeText(field, model.domain);
    case names::kModelVersion:
      return TakeInt(field, model.model_version);
    case names::kDoc:
      return TakeText(field, model.doc);
    case names::kGraph:
      if (std::exchange(has_graph_, true)) return CorruptModel("the file holds two graphs");
      return DecodeGraph(field, model.main).At("main");
    case names::kOpsetImport:
      SLIPWAY_RETURN_IF_ERROR(CountOne());
      return DecodeOpset(field, model.opset_imports.emplace_back());
    case names::kMetadata:
      return AddMetadata(field, model.metadata);
    case names::kFunctions:
      SLIPWAY_RETURN_IF_ERROR(CountOne());
      return DecodeFunction(field, model.functions.emplace_back());
    default:
      KeepUnknown(field, model.unknown_fields);
      return {};
  }
}

Status OnnxDecoder::DecodeOpset(Message message, OpsetImport& import) {
  return ForEachField(message, [&](const WireField& field) -> Status {
    if (field.number == field::opset::kDomain) return TakeText(field, import.domain);
    if (field.number == field::opset::kVersion) return TakeInt(field, import.version);
    return {};
  });
}

Status OnnxDecoder::AddMetadata(Message message, Metadata& metadata) {
  SLIPWAY_RETURN_IF_ERROR(CountOne());
  auto& [key, value] = metadata.emplace_back();
  return ForEachField(message, [&, &key = key, &value = value](const WireField& field) -> Status {
    if (field.number == field::entry::kKey) return TakeText(field, key);
    if (field.number == field::entry::kValue) return TakeText(field, value);
    return {};
  });
}

Status OnnxDecoder::DecodeGraph(Message message, Graph& graph) {
  if (depth_ >= limits_.max_nesting)
    return ImportLimit(fmt::format("sub-graphs nest deeper than {}", limits_.max_nesting));
  ++depth_;
  Names names;
  // Declarations first: they are written back in the order of the values.
  namespace numbers = field::graph;
  SLIPWAY_RETURN_IF_ERROR(DeclareValues(message, numbers::kValueInfo, names, graph, nullptr));
  SLIPWAY_RETURN_IF_ERROR(DeclareValues(message, numbers::kInput, names, graph, &graph.inputs));
  SLIPWAY_RETURN_IF_ERROR(DeclareValues(message, numbers::kOutput, names, graph, &graph.outputs));
  SLIPWAY_RETURN_IF_ERROR(ForEachField(
      message, [&](const WireField& field) { return GraphField(field, names, graph); }));
  --depth_;
  return {};
}

Status OnnxDecoder::DeclareValues(Message message, std::uint32_t number, Names& names, Graph& graph,
                                  std::vector<ValueId>* ids) {
  return ForEachField(message, [&](const WireField& field) -> Status {
    if (field.number != number) return {};
    ValueId id = kNoValue;
    SLIPWAY_RETURN_IF_ERROR(DecodeValueInfo(field, names, graph, id));
    if (ids != nullptr) ids->push_back(id);
    if (ids == nullptr && id != kNoValue) graph.value(id).declared = true;
    return {};
  });
}

Status OnnxDecoder::DecodeValueInfo(Message message, Names& names, Graph& graph, ValueId& id) {
  SLIPWAY_RETURN_IF_ERROR(CountOne());
  Value info;
  std::string_view name;
  SLIPWAY_RETURN_IF_ERROR(ForEachField(message, [&](const WireField& field) -> Status {
    switch (field.number) {
      case field::value_info::kName:
        name = field.text();
        return {};
      case field::value_info::kType:
        return DecodeType(field, info.type);
      case field::value_info::kDoc:
        return TakeText(field, info.doc);
      case field::value_info::kMetadata:
        return AddMetadata(field, info.metadata);
      default:
        KeepUnknown(field, info.unknown_fields);
        return {};
    }
  }));
  id = Intern(name, names, graph);
  if (id == kNoValue) return {};
  Value& value = graph.value(id);
  info.declared = value.declared;
  info.name = name;
  value = std::move(info);
  return {};
}

Status OnnxDecoder::GraphField(const WireField& field, Names& names, Graph& graph) {
  switch (field.number) {
    case field::graph::kNode:
      return AddNode(field, names, graph);
    case field::graph::kName:
      return TakeText(field, graph.name);
    case field::graph::kInitializer:
      return AddInitializer(field, names, graph);
    case field::graph::kSparseInitializer:
      return AddSparseInitializer(field, names, graph);
    case field::graph::kDoc:
      return TakeText(field, graph.doc);
    case field::graph::kMetadata:
      return AddMetadata(field, graph.metadata);
    case field::graph::kInput:
    case field::graph::kOutput:
    case field::graph::kValueInfo:
      return {};  // DeclareValues() took them
    case field::graph::kQuantizationAnnotation:
      KeepUnknown(field, graph.quantization_annotations);
      return {};
    default:
      KeepUnknown(field, graph.unknown_fields);
      return {};
  }
}

Status OnnxDecoder::AddInitializer(Message message, Names& names, Graph& graph) {
  SLIPWAY_RETURN_IF_ERROR(CountOne());
  Tensor tensor;
  if (Status status = DecodeTensor(message, tensor); !status.ok())
    return std::move(status).At(fmt::format("constant \"{}\"", Printable(tensor.name)));
  NameConstant(TextOf(message, field::tensor::kName), tensor, names, graph);
  graph.initializers.push_back(std::move(tensor));
  return {};
}

/// A constant is a value of its graph, and its type is known even if the file declares none.
void OnnxDecoder::NameConstant(std::string_view name, const Tensor& tensor, Names& names,
                               Graph& graph) {
  const ValueId id = Intern(name, names, graph);
  if (id == kNoValue) return;
  ValueType& type = graph.value(id).type;
  if (type.kind == ValueType::Kind::kUnknown) type = TensorType(tensor.dtype, tensor.dims);
}

Status OnnxDecoder::AddSparseInitializer(Message message, Names& names, Graph& graph) {
  SLIPWAY_RETURN_IF_ERROR(CountOne());
  SparseTensor sparse;
  std::string_view sparse_name;
  SLIPWAY_RETURN_IF_ERROR(ForEachField(message, [&](const WireField& field) -> Status {
    if (field.number == field::sparse_tensor::kValues)
      sparse_name = TextOf(field, field::tensor::kName);
    return {};
  }));
  if (Status status = DecodeSparseTensor(message, sparse); !status.ok())
    return std::move(status).At(
        fmt::format("sparse constant \"{}\"", Printable(sparse.values.name)));
  Tensor dense{.dtype = sparse.values.dtype, .dims = sparse.dims};
  NameConstant(sparse_name, dense, names, graph);
  graph.sparse_initializers.push_back(std::move(sparse));
  return {};
}

Status OnnxDecoder::AddNode(Message message, Names& names, Graph& graph) {
  SLIPWAY_RETURN_IF_ERROR(CountOne());
  if (++nodes_ > limits_.max_nodes)
    return ImportLimit(fmt::format("the model has more than {} nodes", limits_.max_nodes));
  Node node;
  Status status = ForEachField(
      message, [&](const WireField& field) { return NodeField(field, names, graph, node); });
  if (!status.ok()) return std::move(status).At(PlaceOfNode(graph.nodes.size(), node));
  graph.nodes.push_back(std::move(node));
  return {};
}

Status OnnxDecoder::NodeField(const WireField& field, Names& names, Graph& graph, Node& node) {
  switch (field.number) {
    case field::node::kInput:
    case field::node::kOutput: {
      auto& list = field.number == field::node::kInput ? node.inputs : node.outputs;
      list.push_back(Intern(field.text(), names, graph));
      return {};
    }
    case field::node::kName:
      return TakeText(field, node.name);
    case field::node::kOp:
      return TakeText(field, node.op);
    case field::node::kDomain:
      return TakeText(field, node.domain);
    case field::node::kOverload:
      return TakeText(field, node.overload);
    case field::node::kDoc:
      return TakeText(field, node.doc);
    case field::node::kAttribute:
      if (node.attributes.size() >= limits_.max_attributes) {
        return ImportLimit(
            fmt::format("a node has more than {} attributes", limits_.max_attributes));
      }
      return DecodeAttribute(field, node.attributes.emplace_back());
    case field::node::kMetadata:
      return AddMetadata(field, node.metadata);
    default:
      KeepUnknown(field, node.unknown_fields);
      return {};
  }
}

Status OnnxDecoder::DecodeFunction(Message message, Function& function) {
  Names names;
  SLIPWAY_RETURN_IF_ERROR(
      DeclareValues(message, field::function::kValueInfo, names, function.body, nullptr));
  Status status = ForEachField(
      message, [&](const WireField& field) { return FunctionField(field, names, function); });
  return std::move(status).At(fmt::format("function \"{}\"", Printable(function.name)));
}

Status OnnxDecoder::FunctionField(const WireField& field, Names& names, Function& function) {
  Graph& body = function.body;
  switch (field.number) {
    case field::function::kName:
      return TakeText(field, function.name);
    case field::function::kDomain:
      return TakeText(field, function.domain);
    case field::function::kOverload:
      return TakeText(field, function.overload);
    case field::function::kDoc:
      return TakeText(field, function.doc);
    case field::function::kInput:
    case field::function::kOutput: {
      auto& list = field.number == field::function::kInput ? body.inputs : body.outputs;
      list.push_back(Intern(field.text(), names, body));
      return {};
    }
    case field::function::kAttribute:
      return TakeText(field, function.attributes.emplace_back());
    case field::function::kAttributeProto:
      return DecodeAttribute(field, function.default_attributes.emplace_back());
    case field::function::kNode:
      return AddNode(field, names, body);
    case field::function::kOpsetImport:
      SLIPWAY_RETURN_IF_ERROR(CountOne());
      return DecodeOpset(field, function.opset_imports.emplace_back());
    case field::function::kValueInfo:
      return {};  // DeclareValues() took them
    case field::function::kMetadata:
      return AddMetadata(field, function.metadata);
    default:
      KeepUnknown(field, function.unknown_fields);
      return {};
  }
}

}  // namespace slipway::graph
