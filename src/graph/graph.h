#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"
#include "tensor/dtype.h"

namespace slipway::graph {

/// One ONNX model as a value that passes can work on: everything an ONNX file can say (IR version 3
/// to the newest, opset 7 to the newest) has a place here, so reading and writing a file loses
/// nothing. Nothing is validated by construction: Verify() (verify.h) says what is wrong.
/// Thread-compatible; movable, deep copies by Clone() only where it is offered.

enum class NodeId : std::uint32_t {};
enum class ValueId : std::uint32_t {};
inline constexpr ValueId kNoValue{
    0xffffffffU};  ///< an optional input or output that is absent ("" in the file)

using Metadata = std::vector<std::pair<std::string, std::string>>;  ///< in file order; keys may
                                                                    ///< repeat in a broken file

/// One dimension of a declared type: a size, a symbol, or nothing known.
struct Dim {
  std::optional<std::int64_t> size;
  std::string symbol;
  std::string denotation;
  bool operator==(const Dim&) const = default;
};

/// A declared value type. Tensor and sparse tensor types are spelled out; sequence, map, optional
/// and opaque types keep their serialised ONNX TypeProto in `opaque`, which is written back as it
/// was read.
struct ValueType {
  enum class Kind : std::uint8_t { kUnknown, kTensor, kSparseTensor, kOther } kind = Kind::kUnknown;
  DType dtype = DType::kUndefined;
  std::optional<std::vector<Dim>> shape;  ///< absent: rank unknown
  std::string denotation;
  std::string opaque;
  bool operator==(const ValueType&) const = default;
};

/// Where tensor bytes lie outside the file (external_data of the format), relative to the model's
/// folder.
struct ExternalData {
  std::string location;
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
  std::string checksum;
  bool operator==(const ExternalData&) const = default;
};

/// Bytes that are shared between copies of a tensor and never change: owned, or a part of a mapping
/// that `keeper` holds.
class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::string owned);
  Bytes(std::span<const std::byte> borrowed, std::shared_ptr<const void> keeper)
      : keeper_(std::move(keeper)), view_(borrowed) {}
  std::span<const std::byte> view() const { return view_; }
  std::size_t size() const { return view_.size(); }

 private:
  std::shared_ptr<const void> keeper_;
  std::span<const std::byte> view_;
};

/// A constant. Numbers are kept packed little-endian in `data` whichever of the format's fields
/// they came from; INT4-like types two to a byte. Strings stand in `strings`.
struct Tensor {
  std::string name;
  std::string doc;
  DType dtype = DType::kUndefined;
  std::vector<std::int64_t> dims;
  Bytes data;
  std::vector<std::string> strings;
  std::optional<ExternalData> external;  ///< set: `data` is empty, the bytes lie there
  Metadata metadata;
  std::string unknown_fields;

  /// Elements by `dims`; nullopt on overflow or a negative dimension.
  std::optional<std::uint64_t> ElementCount() const;

  static Tensor FromFloats(std::string name, std::vector<std::int64_t> dims,
                           std::span<const float> values);
  static Tensor FromInt64s(std::string name, std::vector<std::int64_t> dims,
                           std::span<const std::int64_t> values);
};

struct SparseTensor {
  Tensor values;  ///< its name is the sparse tensor's name
  Tensor indices;
  std::vector<std::int64_t> dims;
  std::string unknown_fields;
};

struct Graph;

/// A node's attribute. `reference` is set in functions only: the value is the caller's attribute of
/// that name.
struct Attribute {
  std::string name;
  std::string doc;
  std::string reference;
  /// The ONNX AttributeProto.AttributeType number of a reference attribute or of an empty list,
  /// which the value cannot tell.
  std::int32_t declared_type = 0;
  std::variant<std::monostate, float, std::int64_t, std::string, Tensor, SparseTensor,
               std::unique_ptr<Graph>, ValueType, std::vector<float>, std::vector<std::int64_t>,
               std::vector<std::string>, std::vector<Tensor>, std::vector<SparseTensor>,
               std::vector<std::unique_ptr<Graph>>, std::vector<ValueType>>
      value;
  std::string unknown_fields;

  Attribute Clone() const;  ///< deep for structure; tensor bytes are shared
};

struct Node {
  std::string op;      ///< "Conv"
  std::string domain;  ///< "" is ai.onnx
  std::string name;
  std::string overload;
  std::string doc;
  std::vector<ValueId> inputs;  ///< kNoValue where absent
  std::vector<ValueId> outputs;
  std::vector<Attribute> attributes;
  Metadata metadata;
  std::string
      unknown_fields;  ///< serialised, of a newer format: device configurations and the like

  const Attribute* Find(std::string_view attribute) const;
  std::int64_t IntOr(std::string_view attribute, std::int64_t otherwise) const;
  float FloatOr(std::string_view attribute, float otherwise) const;
  std::string StringOr(std::string_view attribute, std::string otherwise) const;
  std::vector<std::int64_t> IntsOr(std::string_view attribute,
                                   std::vector<std::int64_t> otherwise) const;

  Node Clone() const;
};

/// A named value of one graph: an input, an initializer, or what a node produces. In a sub-graph a
/// name that is neither of these is a capture from an enclosing graph.
struct Value {
  std::string name;
  ValueType type;  ///< as declared in the file or inferred
  std::string doc;
  Metadata metadata;
  bool declared = false;  ///< stands in value_info; inputs and outputs are declared without it
  std::string unknown_fields;
};

/// Nodes in file order, which is a topological order in a valid graph.
struct Graph {
  std::string name;
  std::string doc;
  Metadata metadata;
  std::vector<Value> values;  ///< indexed by ValueId
  std::vector<Node> nodes;    ///< indexed by NodeId
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  std::vector<Tensor> initializers;  ///< `name` is the value's name
  std::vector<SparseTensor> sparse_initializers;
  std::string quantization_annotations;  ///< serialised repeated field, written back as read
  std::string unknown_fields;

  Value& value(ValueId id) { return values[static_cast<std::size_t>(id)]; }
  const Value& value(ValueId id) const { return values[static_cast<std::size_t>(id)]; }
  Node& node(NodeId id) { return nodes[static_cast<std::size_t>(id)]; }
  const Node& node(NodeId id) const { return nodes[static_cast<std::size_t>(id)]; }
  std::string_view NameOf(ValueId id) const {
    return id == kNoValue ? std::string_view() : std::string_view(value(id).name);
  }

  /// Adds a value; names are the caller's to keep unique.
  ValueId AddValue(std::string name, ValueType type = {});
  /// The value of that name. Linear: build an index (ValueIndex) for many look-ups.
  std::optional<ValueId> FindValue(std::string_view name) const;
  const Tensor* FindInitializer(std::string_view name) const;
  /// Adds the tensor and a value of its name.
  ValueId AddInitializer(Tensor tensor);
  NodeId AddNode(Node node);

  Graph Clone() const;  ///< deep for structure; tensor bytes are shared
};

struct OpsetImport {
  std::string domain;
  std::int64_t version = 0;
  bool operator==(const OpsetImport&) const = default;
};

struct Function {
  std::string name;
  std::string domain;
  std::string overload;
  std::string doc;
  std::vector<OpsetImport> opset_imports;
  std::vector<std::string> attributes;  ///< required, by name
  std::vector<Attribute> default_attributes;
  Graph body;  ///< inputs and outputs are untyped values; initializers are empty
  Metadata metadata;
  std::string unknown_fields;
};

struct Model {
  std::int64_t ir_version = 0;
  std::vector<OpsetImport> opset_imports;
  std::string producer_name;
  std::string producer_version;
  std::string domain;
  std::int64_t model_version = 0;
  std::string doc;
  Metadata metadata;
  Graph main;
  std::vector<Function> functions;
  std::string unknown_fields;  ///< training info, device configurations, fields of a newer format:
                               ///< serialised as read

  /// The version of the default domain's operators, 0 if not imported.
  std::int64_t Opset() const;
};

/// ValueType for a tensor: -1 is an unnamed unknown dimension.
ValueType TensorType(DType dtype, std::span<const std::int64_t> dims);

}  // namespace slipway::graph
