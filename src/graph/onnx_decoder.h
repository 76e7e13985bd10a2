#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "base/wire_reader.h"
#include "graph/graph.h"
#include "graph/onnx_file.h"

namespace slipway::graph {

/// Turns the bytes of ONNX messages into our values. Everything that one file may cost is counted
/// here. One object for one file; the bytes outlive it. Part of onnx_file.h, for this room and
/// graph/onnx.
class OnnxDecoder {
 public:
  /// With a keeper, tensors borrow their bytes from the file instead of copying them.
  OnnxDecoder(const ReadLimits& limits, std::shared_ptr<const void> keeper)
      : limits_(limits), keeper_(std::move(keeper)) {}

  Result<Model> DecodeModel(std::span<const std::byte> bytes);
  Result<ValueType> DecodeType(std::span<const std::byte> bytes);

 private:
  /// A field that must hold a message.
  using Message = const WireField&;
  /// The values of the graph being decoded, by name; the names are views into the file.
  using Names = std::unordered_map<std::string_view, ValueId>;

  // onnx_decode.cc
  Status ModelField(const WireField& field, Model& model);
  Status DecodeGraph(Message message, Graph& graph);
  Status GraphField(const WireField& field, Names& names, Graph& graph);
  /// Declares the values in the fields of that number, and lists them in `ids` if there is such.
  Status DeclareValues(Message message, std::uint32_t number, Names& names, Graph& graph,
                       std::vector<ValueId>* ids);
  Status DecodeValueInfo(Message message, Names& names, Graph& graph, ValueId& id);
  Status AddInitializer(Message message, Names& names, Graph& graph);
  Status AddSparseInitializer(Message message, Names& names, Graph& graph);
  Status DecodeFunction(Message message, Function& function);
  Status FunctionField(const WireField& field, Names& names, Function& function);
  Status AddNode(Message message, Names& names, Graph& graph);
  Status NodeField(const WireField& field, Names& names, Graph& graph, Node& node);
  Status DecodeOpset(Message message, OpsetImport& import);
  Status AddMetadata(Message message, Metadata& metadata);
  void NameConstant(std::string_view name, const Tensor& tensor, Names& names, Graph& graph);
  ValueId Intern(std::string_view name, Names& names, Graph& graph);

  // onnx_decode_attribute.cc
  Status DecodeAttribute(Message message, Attribute& attribute);
  Status AttributeField(const WireField& field, Attribute& attribute);
  Status AttributeValue(const WireField& field, Attribute& attribute);
  Status DecodeSubgraph(Message message, std::unique_ptr<Graph>& graph);

  // onnx_decode_tensor.cc
  Status DecodeTensor(Message message, Tensor& tensor);
  Status TensorField(const WireField& field, struct TensorFields& fields, Tensor& tensor);
  Status FinishTensor(struct TensorFields& fields, Tensor& tensor);
  Status TakeRawData(std::span<const std::byte> raw, Tensor& tensor);
  Status DecodeExternal(const std::vector<WireField>& entries, Tensor& tensor);
  Status DecodeSparseTensor(Message message, SparseTensor& sparse);
  Bytes Keep(std::span<const std::byte> bytes) const;

  // onnx_decode_type.cc
  Status DecodeType(Message message, ValueType& type);

  /// Everything decoded counts, so that a small file cannot ask for much memory. False: too much.
  bool Count() { return ++items_ <= kItemsPerNode * limits_.max_nodes; }
  Status CountOne();

  static constexpr std::size_t kItemsPerNode = 4;

  const ReadLimits limits_;
  const std::shared_ptr<const void> keeper_;
  std::size_t items_ = 0;
  std::size_t nodes_ = 0;
  std::size_t depth_ = 0;
  bool has_graph_ = false;
};

/// One serialised TypeProto.
Result<ValueType> DecodeValueType(std::span<const std::byte> bytes);

/// What the decoder says about a file that breaks the format.
Status CorruptModel(std::string message);
/// Success for kNone.
Status BrokenModel(WireFault fault);
Status ImportLimit(std::string message);

/// The field as what the format says it is. DataLoss if it is encoded as something else.
Status TakeText(const WireField& field, std::string& into);
Status TakeInt(const WireField& field, std::int64_t& into);
/// One or more (packed) integers.
Status TakeInts(const WireField& field, std::vector<std::int64_t>& into);

Status CheckEncoding(const WireField& field, WireType type);
void KeepUnknown(const WireField& field, std::string& unknown);

/// Calls `visit(field)` for every field of a message until one call fails.
template <class Visit>
Status ForEachField(const WireField& message, const Visit& visit) {
  SLIPWAY_RETURN_IF_ERROR(CheckEncoding(message, WireType::kBytes));
  WireReader reader(message.bytes);
  for (WireField field; reader.Next(field);) SLIPWAY_RETURN_IF_ERROR(visit(field));
  return BrokenModel(reader.fault());
}

}  // namespace slipway::graph
