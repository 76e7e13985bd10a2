#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/log.h"
#include "graph/external_file.h"
#include "graph/onnx_attribute_type.h"
#include "graph/onnx_encoder.h"
#include "graph/onnx_fields.h"

namespace slipway::graph {

namespace {

WireWriter EncodeEntry(const std::pair<std::string, std::string>& entry) {
  WireWriter message;
  message.Text(field::entry::kKey, entry.first);
  message.Text(field::entry::kValue, entry.second);
  return message;
}

void PutMetadata(std::uint32_t number, const Metadata& metadata, WireWriter& message) {
  for (const auto& entry : metadata) message.Message(number, EncodeEntry(entry));
}

WireWriter EncodeOpset(const OpsetImport& import) {
  WireWriter message;
  message.Text(field::opset::kDomain, import.domain);
  message.Signed(field::opset::kVersion, import.version);
  return message;
}

WireWriter EncodeDim(const Dim& dim) {
  WireWriter message;
  if (dim.size) message.Signed(field::type::kDimValue, *dim.size);
  message.TextIfAny(field::type::kDimSymbol, dim.symbol);
  message.TextIfAny(field::type::kDimDenotation, dim.denotation);
  return message;
}

WireWriter EncodeTensorType(const ValueType& type) {
  WireWriter message;
  message.Varint(field::type::kElementType, static_cast<std::uint64_t>(type.dtype));
  if (!type.shape) return message;
  WireWriter shape;
  for (const Dim& dim : *type.shape) shape.Message(field::type::kDim, EncodeDim(dim));
  message.Message(field::type::kShape, std::move(shape));
  return message;
}

WireWriter EncodeType(const ValueType& type) {
  WireWriter message;
  if (type.kind == ValueType::Kind::kOther) {
    message.Serialised(type.opaque);
    return message;
  }
  if (type.kind == ValueType::Kind::kTensor)
    message.Message(field::type::kTensor, EncodeTensorType(type));
  message.TextIfAny(field::type::kDenotation, type.denotation);
  if (type.kind == ValueType::Kind::kSparseTensor)
    message.Message(field::type::kSparseTensor, EncodeTensorType(type));
  return message;
}

WireWriter EncodeValueInfo(const Value& value) {
  WireWriter message;
  message.Text(field::value_info::kName, value.name);
  const bool says_nothing =
      value.type.kind == ValueType::Kind::kUnknown && value.type.denotation.empty();
  if (!says_nothing) message.Message(field::value_info::kType, EncodeType(value.type));
  message.TextIfAny(field::value_info::kDoc, value.doc);
  PutMetadata(field::value_info::kMetadata, value.metadata, message);
  message.Serialised(value.unknown_fields);
  return message;
}

/// Writes what can hold tensors, and remembers the first error: the tensors are deep inside.
class Encoder {
 public:
  explicit Encoder(const EncodeTarget& target) : target_(target) {}

  WireWriter EncodeModel(const Model& model);
  Status TakeStatus() { return std::move(status_); }

 private:
  WireWriter EncodeGraph(const Graph& graph);
  WireWriter EncodeNode(const Graph& graph, const Node& node);
  WireWriter EncodeAttribute(const Attribute& attribute);
  WireWriter EncodeFunction(const Function& function);
  WireWriter EncodeTensor(const Tensor& tensor);
  WireWriter EncodeSparseTensor(const SparseTensor& sparse);

  void PutData(const Tensor& tensor, WireWriter& message);
  void PutAttributeValue(const Attribute& attribute, WireWriter& message);
  void PutDeclared(const Graph& graph, std::uint32_t number, WireWriter& message);
  void Fail(Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

  const EncodeTarget target_;
  Status status_;
};

WireWriter Encoder::EncodeModel(const Model& model) {
  WireWriter message;
  message.Signed(field::model::kIrVersion, model.ir_version);
  message.TextIfAny(field::model::kProducerName, model.producer_name);
  message.TextIfAny(field::model::kProducerVersion, model.producer_version);
  message.TextIfAny(field::model::kDomain, model.domain);
  if (model.model_version != 0) message.Signed(field::model::kModelVersion, model.model_version);
  message.TextIfAny(field::model::kDoc, model.doc);
  message.Message(field::model::kGraph, EncodeGraph(model.main));
  for (const OpsetImport& import : model.opset_imports)
    message.Message(field::model::kOpsetImport, EncodeOpset(import));
  PutMetadata(field::model::kMetadata, model.metadata, message);
  for (const Function& function : model.functions)
    message.Message(field::model::kFunctions, EncodeFunction(function));
  message.Serialised(model.unknown_fields);
  return message;
}

WireWriter Encoder::EncodeGraph(const Graph& graph) {
  WireWriter message;
  for (const Node& node : graph.nodes)
    message.Message(field::graph::kNode, EncodeNode(graph, node));
  message.TextIfAny(field::graph::kName, graph.name);
  for (const Tensor& tensor : graph.initializers)
    message.Message(field::graph::kInitializer, EncodeTensor(tensor));
  message.TextIfAny(field::graph::kDoc, graph.doc);
  const auto put_values = [&](std::uint32_t number, const std::vector<ValueId>& ids) {
    for (const ValueId id : ids)
      message.Message(number, EncodeValueInfo(id == kNoValue ? Value{} : graph.value(id)));
  };
  put_values(field::graph::kInput, graph.inputs);
  put_values(field::graph::kOutput, graph.outputs);
  PutDeclared(graph, field::graph::kValueInfo, message);
  message.Serialised(graph.quantization_annotations);
  for (const SparseTensor& sparse : graph.sparse_initializers)
    message.Message(field::graph::kSparseInitializer, EncodeSparseTensor(sparse));
  PutMetadata(field::graph::kMetadata, graph.metadata, message);
  message.Serialised(graph.unknown_fields);
  return message;
}

void Encoder::PutDeclared(const Graph& graph, std::uint32_t number, WireWriter& message) {
  for (const Value& value : graph.values) {
    if (value.declared) message.Message(number, EncodeValueInfo(value));
  }
}

WireWriter Encoder::EncodeNode(const Graph& graph, const Node& node) {
  WireWriter message;
  for (const ValueId id : node.inputs) message.Text(field::node::kInput, graph.NameOf(id));
  for (const ValueId id : node.outputs) message.Text(field::node::kOutput, graph.NameOf(id));
  message.TextIfAny(field::node::kName, node.name);
  message.Text(field::node::kOp, node.op);
  for (const Attribute& attribute : node.attributes)
    message.Message(field::node::kAttribute, EncodeAttribute(attribute));
  message.TextIfAny(field::node::kDoc, node.doc);
  message.TextIfAny(field::node::kDomain, node.domain);
  message.TextIfAny(field::node::kOverload, node.overload);
  PutMetadata(field::node::kMetadata, node.metadata, message);
  message.Serialised(node.unknown_fields);
  return message;
}

WireWriter Encoder::EncodeFunction(const Function& function) {
  WireWriter message;
  const Graph& body = function.body;
  message.Text(field::function::kName, function.name);
  for (const ValueId id : body.inputs) message.Text(field::function::kInput, body.NameOf(id));
  for (const ValueId id : body.outputs) message.Text(field::function::kOutput, body.NameOf(id));
  for (const std::string& name : function.attributes)
    message.Text(field::function::kAttribute, name);
  for (const Node& node : body.nodes)
    message.Message(field::function::kNode, EncodeNode(body, node));
  message.TextIfAny(field::function::kDoc, function.doc);
  for (const OpsetImport& import : function.opset_imports)
    message.Message(field::function::kOpsetImport, EncodeOpset(import));
  message.TextIfAny(field::function::kDomain, function.domain);
  for (const Attribute& attribute : function.default_attributes)
    message.Message(field::function::kAttributeProto, EncodeAttribute(attribute));
  PutDeclared(body, field::function::kValueInfo, message);
  message.TextIfAny(field::function::kOverload, function.overload);
  PutMetadata(field::function::kMetadata, function.metadata, message);
  message.Serialised(function.unknown_fields);
  return message;
}

WireWriter Encoder::EncodeAttribute(const Attribute& attribute) {
  WireWriter message;
  message.Text(field::attribute::kName, attribute.name);
  // Fields stand in the order of their numbers, as protobuf writes them: values are 2 to 11, 14,
  // 15, 22 and 23.
  WireWriter value;
  PutAttributeValue(attribute, value);
  const std::size_t alternative = attribute.value.index();
  const bool value_is_last = std::holds_alternative<SparseTensor>(attribute.value) ||
                             std::holds_alternative<std::vector<SparseTensor>>(attribute.value);
  const bool doc_is_first = kAttributeTypeOfAlternative[alternative] == 13 ||
                            kAttributeTypeOfAlternative[alternative] == 14;
  if (doc_is_first) message.TextIfAny(field::attribute::kDoc, attribute.doc);
  if (!value_is_last) message.Append(value);
  if (!doc_is_first) message.TextIfAny(field::attribute::kDoc, attribute.doc);
  if (const std::int32_t type = TypeNumberOf(attribute); type != 0)
    message.Signed(field::attribute::kType, type);
  message.TextIfAny(field::attribute::kReference, attribute.reference);
  if (value_is_last) message.Append(value);
  message.Serialised(attribute.unknown_fields);
  return message;
}

void Encoder::PutAttributeValue(const Attribute& attribute, WireWriter& message) {
  struct Put {
    Encoder& encoder;
    WireWriter& message;

    void operator()(std::monostate) const {}
    void operator()(float value) const { message.Float(field::attribute::kFloat, value); }
    void operator()(std::int64_t value) const { message.Signed(field::attribute::kInt, value); }
    void operator()(const std::string& value) const {
      message.Text(field::attribute::kString, value);
    }
    void operator()(const Tensor& value) const {
      message.Message(field::attribute::kTensor, encoder.EncodeTensor(value));
    }
    void operator()(const SparseTensor& value) const {
      message.Message(field::attribute::kSparseTensor, encoder.EncodeSparseTensor(value));
    }
    void operator()(const std::unique_ptr<Graph>& value) const {
      if (value != nullptr) message.Message(field::attribute::kGraph, encoder.EncodeGraph(*value));
    }
    void operator()(const ValueType& value) const {
      message.Message(field::attribute::kTypeProto, EncodeType(value));
    }
    void operator()(const std::vector<float>& values) const {
      for (const float value : values) message.Float(field::attribute::kFloats, value);
    }
    void operator()(const std::vector<std::int64_t>& values) const {
      for (const std::int64_t value : values) message.Signed(field::attribute::kInts, value);
    }
    void operator()(const std::vector<std::string>& values) const {
      for (const std::string& value : values) message.Text(field::attribute::kStrings, value);
    }
    void operator()(const std::vector<Tensor>& values) const {
      for (const Tensor& value : values)
        message.Message(field::attribute::kTensors, encoder.EncodeTensor(value));
    }
    void operator()(const std::vector<SparseTensor>& values) const {
      for (const SparseTensor& value : values)
        message.Message(field::attribute::kSparseTensors, encoder.EncodeSparseTensor(value));
    }
    void operator()(const std::vector<std::unique_ptr<Graph>>& values) const {
      for (const auto& value : values)
        message.Message(field::attribute::kGraphs, encoder.EncodeGraph(*value));
    }
    void operator()(const std::vector<ValueType>& values) const {
      for (const ValueType& value : values)
        message.Message(field::attribute::kTypeProtos, EncodeType(value));
    }
  };
  std::visit(Put{*this, message}, attribute.value);
}

WireWriter Encoder::EncodeTensor(const Tensor& tensor) {
  WireWriter message;
  for (const std::int64_t dim : tensor.dims) message.Signed(field::tensor::kDims, dim);
  message.Varint(field::tensor::kDataType, static_cast<std::uint64_t>(tensor.dtype));
  for (const std::string& text : tensor.strings) message.Text(field::tensor::kStringData, text);
  message.TextIfAny(field::tensor::kName, tensor.name);
  PutData(tensor, message);
  PutMetadata(field::tensor::kMetadata, tensor.metadata, message);
  message.Serialised(tensor.unknown_fields);
  return message;
}

void Encoder::PutData(const Tensor& tensor, WireWriter& message) {
  const bool has_sink_size = target_.sink != nullptr && tensor.data.size() >= target_.threshold;
  std::optional<ExternalData> external = tensor.external;
  if (external && !target_.keep_external) {
    Fail(FailedPrecondition(fmt::format("constant \"{}\" lies in another file that was not read",
                                        Printable(tensor.name))));
  }
  if (!external && has_sink_size && tensor.data.size() > 0) {
    Result<ExternalData> place = target_.sink->Put(tensor.data.view());
    if (!place.ok()) return Fail(std::move(place).status());
    external = std::move(place).value();
  }
  if (!external && tensor.dtype != DType::kString)
    message.Bytes(field::tensor::kRawData, tensor.data.view());
  message.TextIfAny(field::tensor::kDoc, tensor.doc);
  if (!external) return;
  PutMetadata(field::tensor::kExternalData, ExternalDataEntries(*external), message);
  message.Varint(field::tensor::kDataLocation, 1);
}

WireWriter Encoder::EncodeSparseTensor(const SparseTensor& sparse) {
  WireWriter message;
  message.Message(field::sparse_tensor::kValues, EncodeTensor(sparse.values));
  message.Message(field::sparse_tensor::kIndices, EncodeTensor(sparse.indices));
  for (const std::int64_t dim : sparse.dims) message.Signed(field::sparse_tensor::kDims, dim);
  message.Serialised(sparse.unknown_fields);
  return message;
}

}  // namespace

Result<WireWriter> EncodeMessage(const Model& model, const EncodeTarget& target) {
  Encoder encoder(target);
  WireWriter message = encoder.EncodeModel(model);
  SLIPWAY_RETURN_IF_ERROR(encoder.TakeStatus());
  return message;
}

}  // namespace slipway::graph
