#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>
#include <utility>

#include "base/log.h"
#include "graph/onnx_attribute_type.h"
#include "graph/onnx_decoder.h"
#include "graph/onnx_fields.h"

namespace slipway::graph {

namespace {

/// The attribute's value as a T, made if there is none yet; nullptr if it holds something else.
template <class T>
T* ValueAs(Attribute& attribute) {
  if (std::holds_alternative<std::monostate>(attribute.value)) attribute.value.emplace<T>();
  return std::get_if<T>(&attribute.value);
}

Status TwoValues() { return CorruptModel("an attribute has values of two types"); }

Status TakeFloat(const WireField& field, float& into) {
  SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kFixed32));
  into = std::bit_cast<float>(static_cast<std::uint32_t>(field.scalar));
  return {};
}

Status TakeFloats(const WireField& field, std::vector<float>& into) {
  if (field.type != WireType::kBytes) return TakeFloat(field, into.emplace_back());
  if (field.bytes.size() % sizeof(float) != 0) return CorruptModel("a list of floats is broken");
  const std::size_t before = into.size();
  into.resize(before + field.bytes.size() / sizeof(float));
  if (!field.bytes.empty())
    std::memcpy(into.data() + before, field.bytes.data(), field.bytes.size());
  return {};
}

/// Gives an attribute whose value is its type's default one: protobuf writes no empty lists.
template <std::size_t index = 1>
Status DefaultValue(Attribute& attribute) {
  if constexpr (index == std::variant_size_v<decltype(Attribute::value)>) {
    return CorruptModel(fmt::format("{} is no attribute type", attribute.declared_type));
  } else {
    if (kAttributeTypeOfAlternative[index] != attribute.declared_type)
      return DefaultValue<index + 1>(attribute);
    using T = std::variant_alternative_t<index, decltype(Attribute::value)>;
    constexpr bool kHasNoDefault = std::is_same_v<T, Tensor> || std::is_same_v<T, SparseTensor> ||
                                   std::is_same_v<T, std::unique_ptr<Graph>> ||
                                   std::is_same_v<T, ValueType>;
    if (kHasNoDefault) return CorruptModel("an attribute has no value");
    attribute.value.template emplace<index>();
    return {};
  }
}

Status CheckDeclaredType(Attribute& attribute) {
  if (std::holds_alternative<std::monostate>(attribute.value)) {
    const bool may_be_empty = attribute.declared_type == 0 || !attribute.reference.empty();
    return may_be_empty ? Status() : DefaultValue(attribute);
  }
  const std::int32_t actual = kAttributeTypeOfAlternative[attribute.value.index()];
  // Files older than the type field have none.
  if (attribute.declared_type == 0 || attribute.declared_type == actual) return {};
  return CorruptModel("an attribute's value is not of the type it declares");
}

}  // namespace

Status OnnxDecoder::DecodeAttribute(Message message, Attribute& attribute) {
  SLIPWAY_RETURN_IF_ERROR(CountOne());
  Status status = ForEachField(
      message, [&](const WireField& field) { return AttributeField(field, attribute); });
  if (status.ok()) status = CheckDeclaredType(attribute);
  return std::move(status).At(fmt::format("attribute \"{}\"", Printable(attribute.name)));
}

Status OnnxDecoder::AttributeField(const WireField& field, Attribute& attribute) {
  switch (field.number) {
    case field::attribute::kName:
      return TakeText(field, attribute.name);
    case field::attribute::kDoc:
      return TakeText(field, attribute.doc);
    case field::attribute::kReference:
      return TakeText(field, attribute.reference);
    case field::attribute::kType: {
      std::int64_t type = 0;
      SLIPWAY_RETURN_IF_ERROR(TakeInt(field, type));
      if (std::ranges::find(kAttributeTypeOfAlternative, type) == kAttributeTypeOfAlternative.end())
        return CorruptModel(fmt::format("{} is no attribute type", type));
      attribute.declared_type = static_cast<std::int32_t>(type);
      return {};
    }
    default:
      return AttributeValue(field, attribute);
  }
}

Status OnnxDecoder::AttributeValue(const WireField& field, Attribute& attribute) {
  // Each row: which field holds which type, and how one is read.
  const auto one = [&]<class T>(std::type_identity<T>, const auto& read) -> Status {
    T* const value = ValueAs<T>(attribute);
    return value == nullptr ? TwoValues() : read(*value);
  };
  const auto list = [&]<class T>(std::type_identity<T>, const auto& read) -> Status {
    SLIPWAY_RETURN_IF_ERROR(CountOne());
    auto* const values = ValueAs<std::vector<T>>(attribute);
    return values == nullptr ? TwoValues() : read(values->emplace_back());
  };
  const auto text = [&](std::string& into) { return TakeText(field, into); };
  const auto tensor = [&](Tensor& into) { return DecodeTensor(field, into); };
  const auto sparse = [&](SparseTensor& into) { return DecodeSparseTensor(field, into); };
  const auto graph = [&](std::unique_ptr<Graph>& into) { return DecodeSubgraph(field, into); };
  const auto type = [&](ValueType& into) { return DecodeType(field, into); };
  switch (field.number) {
    case field::attribute::kFloat:
      return one(std::type_identity<float>(), [&](float& into) { return TakeFloat(field, into); });
    case field::attribute::kInt:
      return one(std::type_identity<std::int64_t>(),
                 [&](std::int64_t& into) { return TakeInt(field, into); });
    case field::attribute::kString:
      return one(std::type_identity<std::string>(), text);
    case field::attribute::kTensor:
      return one(std::type_identity<Tensor>(), tensor);
    case field::attribute::kSparseTensor:
      return one(std::type_identity<SparseTensor>(), sparse);
    case field::attribute::kGraph:
      return one(std::type_identity<std::unique_ptr<Graph>>(), graph);
    case field::attribute::kTypeProto:
      return one(std::type_identity<ValueType>(), type);
    case field::attribute::kFloats:
      return one(std::type_identity<std::vector<float>>(),
                 [&](auto& into) { return TakeFloats(field, into); });
    case field::attribute::kInts:
      return one(std::type_identity<std::vector<std::int64_t>>(),
                 [&](auto& into) { return TakeInts(field, into); });
    case field::attribute::kStrings:
      return list(std::type_identity<std::string>(), text);
    case field::attribute::kTensors:
      return list(std::type_identity<Tensor>(), tensor);
    case field::attribute::kSparseTensors:
      return list(std::type_identity<SparseTensor>(), sparse);
    case field::attribute::kGraphs:
      return list(std::type_identity<std::unique_ptr<Graph>>(), graph);
    case field::attribute::kTypeProtos:
      return list(std::type_identity<ValueType>(), type);
    default:
      KeepUnknown(field, attribute.unknown_fields);
      return {};
  }
}

Status OnnxDecoder::DecodeSubgraph(Message message, std::unique_ptr<Graph>& graph) {
  if (graph != nullptr) return CorruptModel("an attribute holds two graphs");
  graph = std::make_unique<Graph>();
  return DecodeGraph(message, *graph);
}

}  // namespace slipway::graph
