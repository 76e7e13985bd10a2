#include <utility>

#include "graph/onnx_decoder.h"
#include "graph/onnx_fields.h"
#include "graph/tensor_bytes.h"

namespace slipway::graph {

namespace {

/// What a type is made of. `foreign` is set where it says more than a ValueType spells out.
struct SpelledType {
  ValueType type;
  bool foreign = false;
};

Status DecodeDim(const WireField& message, SpelledType& spelled) {
  if (spelled.type.shape->size() == kMaxTensorRank)
    return CorruptModel("a type has too many dimensions");
  Dim& dim = spelled.type.shape->emplace_back();
  return ForEachField(message, [&](const WireField& field) -> Status {
    switch (field.number) {
      case field::type::kDimValue:
        return TakeInt(field, dim.size.emplace());
      case field::type::kDimSymbol:
        return TakeText(field, dim.symbol);
      case field::type::kDimDenotation:
        return TakeText(field, dim.denotation);
      default:
        spelled.foreign = true;
        return {};
    }
  });
}

Status DecodeShape(const WireField& message, SpelledType& spelled) {
  if (spelled.type.shape) spelled.foreign = true;
  spelled.type.shape.emplace();
  return ForEachField(message, [&](const WireField& field) -> Status {
    if (field.number == field::type::kDim) return DecodeDim(field, spelled);
    spelled.foreign = true;
    return {};
  });
}

Status TakeElementType(const WireField& field, SpelledType& spelled) {
  std::int64_t number = 0;
  SLIPWAY_RETURN_IF_ERROR(TakeInt(field, number));
  if (number < 0 || number > kLastDType) {
    spelled.foreign = true;
    return {};
  }
  spelled.type.dtype = DType(number);
  return {};
}

Status DecodeTensorType(const WireField& message, ValueType::Kind kind, SpelledType& spelled) {
  if (spelled.type.kind != ValueType::Kind::kUnknown) spelled.foreign = true;
  spelled.type.kind = kind;
  return ForEachField(message, [&](const WireField& field) -> Status {
    switch (field.number) {
      case field::type::kElementType:
        return TakeElementType(field, spelled);
      case field::type::kShape:
        return DecodeShape(field, spelled);
      default:
        spelled.foreign = true;
        return {};
    }
  });
}

}  // namespace

Status OnnxDecoder::DecodeType(Message message, ValueType& type) {
  SLIPWAY_RETURN_IF_ERROR(CountOne());
  SpelledType spelled;
  SLIPWAY_RETURN_IF_ERROR(ForEachField(message, [&](const WireField& field) -> Status {
    switch (field.number) {
      case field::type::kTensor:
        return DecodeTensorType(field, ValueType::Kind::kTensor, spelled);
      case field::type::kSparseTensor:
        return DecodeTensorType(field, ValueType::Kind::kSparseTensor, spelled);
      case field::type::kDenotation:
        return TakeText(field, spelled.type.denotation);
      default:
        spelled.foreign = true;
        return {};
    }
  }));
  if (spelled.foreign) {
    type = {.kind = ValueType::Kind::kOther, .opaque = std::string(message.text())};
    return {};
  }
  type = std::move(spelled.type);
  return {};
}

Result<ValueType> OnnxDecoder::DecodeType(std::span<const std::byte> bytes) {
  ValueType type;
  SLIPWAY_RETURN_IF_ERROR(DecodeType({.type = WireType::kBytes, .bytes = bytes}, type));
  return type;
}

Result<ValueType> DecodeValueType(std::span<const std::byte> bytes) {
  return OnnxDecoder({}, nullptr).DecodeType(bytes);
}

}  // namespace slipway::graph
