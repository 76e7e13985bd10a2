#include <fmt/format.h>

#include <array>
#include <cstring>
#include <utility>

#include "base/checked.h"
#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "graph/external_file.h"
#include "graph/onnx_decoder.h"
#include "graph/onnx_fields.h"
#include "graph/tensor_bytes.h"

namespace slipway::graph {

/// A tensor's fields before they can be judged together: its type may come after its data.
struct TensorFields {
  std::optional<std::span<const std::byte>> raw;
  std::vector<WireField> typed;
  std::vector<WireField> external;
  bool is_external = false;
};

namespace {

/// The field that holds the numbers of a type where they are not raw.
std::uint32_t TypedFieldOf(DType dtype) {
  switch (dtype) {
    case DType::kF32:
    case DType::kComplex64:
      return field::tensor::kFloatData;
    case DType::kF64:
    case DType::kComplex128:
      return field::tensor::kDoubleData;
    case DType::kI64:
      return field::tensor::kInt64Data;
    case DType::kU32:
    case DType::kU64:
      return field::tensor::kUint64Data;
    case DType::kString:
      return field::tensor::kStringData;
    default:
      return field::tensor::kInt32Data;
  }
}

bool IsFixedWidth(DType dtype) {
  const std::uint32_t number = TypedFieldOf(dtype);
  return number == field::tensor::kFloatData || number == field::tensor::kDoubleData;
}

/// Floats and doubles, packed or one by one.
Status AppendFixed(const WireField& field, std::string& into) {
  if (field.type == WireType::kBytes) {
    into.append(field.text());
    return {};
  }
  const bool wide = field.type == WireType::kFixed64;
  SLIPWAY_RETURN_IF_ERROR(CheckEncoding(
      field, field.number == field::tensor::kDoubleData ? WireType::kFixed64 : WireType::kFixed32));
  into.append(reinterpret_cast<const char*>(&field.scalar), wide ? 8 : 4);
  return {};
}

/// Integers of `width` bytes out of varints, packed or one by one.
Status AppendVarints(const WireField& field, std::size_t width, std::string& into) {
  const auto append = [&](std::uint64_t value) {
    into.append(reinterpret_cast<const char*>(&value), width);
  };
  if (field.type != WireType::kBytes) {
    SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kVarint));
    append(field.scalar);
    return {};
  }
  PackedVarints numbers(field.bytes);
  for (std::uint64_t number = 0; numbers.Next(number);) append(number);
  return numbers.broken() ? CorruptModel("a list of integers is broken") : Status();
}

/// Six-bit numbers stand one in a byte in their typed field, four in three bytes elsewhere.
std::string PackSixBits(std::string_view one_in_a_byte) {
  std::string packed((one_in_a_byte.size() * 6 + 7) / 8, '\0');
  for (std::size_t i = 0; i < one_in_a_byte.size(); ++i) {
    const unsigned value = static_cast<unsigned char>(one_in_a_byte[i]) & 0x3fU;
    for (std::size_t bit = 0; bit < 6; ++bit) {
      const std::size_t at = i * 6 + bit;
      if ((value >> bit & 1U) != 0)
        packed[at / 8] = static_cast<char>(packed[at / 8] | 1 << at % 8);
    }
  }
  return packed;
}

Result<std::string> TypedNumbers(const std::vector<WireField>& fields, DType dtype) {
  const std::size_t width = std::max<std::size_t>(BytesOf(dtype), 1);
  std::string numbers;
  for (const WireField& field : fields) {
    SLIPWAY_RETURN_IF_ERROR(IsFixedWidth(dtype) ? AppendFixed(field, numbers)
                                                : AppendVarints(field, width, numbers));
  }
  if (BitsOf(dtype) == 6) return PackSixBits(numbers);
  return numbers;
}

Status CheckSize(const Tensor& tensor, std::uint64_t actual) {
  const auto needed = PackedSize(tensor.dtype, tensor.dims);
  if (!needed) {
    return CorruptModel(
        fmt::format("dimensions [{}] are negative or too large", fmt::join(tensor.dims, ",")));
  }
  if (*needed == actual) return {};
  return CorruptModel(fmt::format("{}[{}] needs {} bytes, {} are there", ShortName(tensor.dtype),
                                  fmt::join(tensor.dims, ","), *needed, actual));
}

Status CheckStringCount(const Tensor& tensor) {
  if (tensor.ElementCount() == tensor.strings.size()) return {};
  return CorruptModel(
      fmt::format("string[{}] has {} strings", fmt::join(tensor.dims, ","), tensor.strings.size()));
}

}  // namespace

Bytes OnnxDecoder::Keep(std::span<const std::byte> bytes) const {
  if (keeper_ != nullptr) return {bytes, keeper_};
  return Bytes(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

Status OnnxDecoder::DecodeTensor(Message message, Tensor& tensor) {
  TensorFields fields;
  SLIPWAY_RETURN_IF_ERROR(ForEachField(
      message, [&](const WireField& field) { return TensorField(field, fields, tensor); }));
  return FinishTensor(fields, tensor);
}

Status OnnxDecoder::TensorField(const WireField& field, TensorFields& fields, Tensor& tensor) {
  std::int64_t number = 0;
  switch (field.number) {
    case field::tensor::kDims:
      return TakeInts(field, tensor.dims);
    case field::tensor::kDataType:
      SLIPWAY_RETURN_IF_ERROR(TakeInt(field, number));
      if (number < 0 || number > kLastDType)
        return CorruptModel(fmt::format("{} is no element type", number));
      tensor.dtype = DType(number);
      return {};
    case field::tensor::kRawData:
      SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kBytes));
      fields.raw = field.bytes;
      return {};
    case field::tensor::kFloatData:
    case field::tensor::kInt32Data:
    case field::tensor::kStringData:
    case field::tensor::kInt64Data:
    case field::tensor::kDoubleData:
    case field::tensor::kUint64Data:
      fields.typed.push_back(field);
      return {};
    case field::tensor::kName:
      return TakeText(field, tensor.name);
    case field::tensor::kDoc:
      return TakeText(field, tensor.doc);
    case field::tensor::kExternalData:
      SLIPWAY_RETURN_IF_ERROR(CountOne());
      fields.external.push_back(field);
      return {};
    case field::tensor::kDataLocation:
      SLIPWAY_RETURN_IF_ERROR(TakeInt(field, number));
      if (number != 0 && number != 1) return CorruptModel("an unknown data location");
      fields.is_external = number == 1;
      return {};
    case field::tensor::kMetadata:
      return AddMetadata(field, tensor.metadata);
    default:
      KeepUnknown(field, tensor.unknown_fields);
      return {};
  }
}

Status OnnxDecoder::FinishTensor(TensorFields& fields, Tensor& tensor) {
  if (tensor.dims.size() > kMaxTensorRank)
    return CorruptModel(fmt::format("it has more than {} dimensions", kMaxTensorRank));
  if (tensor.dtype == DType::kUndefined) return CorruptModel("it has no element type");
  const bool two_places = (fields.raw && !fields.typed.empty()) ||
                          (fields.is_external && (fields.raw || !fields.typed.empty())) ||
                          (!fields.is_external && !fields.external.empty());
  if (two_places) return CorruptModel("its numbers stand in two places");
  for (const WireField& field : fields.typed) {
    if (field.number != TypedFieldOf(tensor.dtype))
      return CorruptModel("its numbers stand in the field of another type");
  }
  if (fields.is_external) return DecodeExternal(fields.external, tensor);
  if (tensor.dtype == DType::kString) {
    if (fields.raw) return CorruptModel("strings stand in raw bytes");
    for (const WireField& field : fields.typed) {
      SLIPWAY_RETURN_IF_ERROR(CountOne());
      SLIPWAY_RETURN_IF_ERROR(TakeText(field, tensor.strings.emplace_back()));
    }
    return CheckStringCount(tensor);
  }
  if (fields.raw) return TakeRawData(*fields.raw, tensor);
  // Packed floats are raw bytes already.
  const bool is_packed = fields.typed.size() == 1 && fields.typed[0].type == WireType::kBytes;
  if (is_packed && IsFixedWidth(tensor.dtype)) return TakeRawData(fields.typed[0].bytes, tensor);
  SLIPWAY_TRY(std::string numbers, TypedNumbers(fields.typed, tensor.dtype));
  SLIPWAY_RETURN_IF_ERROR(CheckSize(tensor, numbers.size()));
  tensor.data = Bytes(std::move(numbers));
  return {};
}

Status OnnxDecoder::TakeRawData(std::span<const std::byte> raw, Tensor& tensor) {
  SLIPWAY_RETURN_IF_ERROR(CheckSize(tensor, raw.size()));
  tensor.data = Keep(raw);
  return {};
}

Status OnnxDecoder::DecodeExternal(const std::vector<WireField>& entries, Tensor& tensor) {
  Metadata pairs;
  for (const WireField& entry : entries) SLIPWAY_RETURN_IF_ERROR(AddMetadata(entry, pairs));
  SLIPWAY_TRY(tensor.external, ParseExternalData(pairs));
  const auto needed = PackedSize(tensor.dtype, tensor.dims);
  if (tensor.dtype == DType::kString) return CorruptModel("strings cannot lie in another file");
  if (!needed) return CheckSize(tensor, 0);
  if (tensor.external->length) return CheckSize(tensor, *tensor.external->length);
  return {};
}

Status OnnxDecoder::DecodeSparseTensor(Message message, SparseTensor& sparse) {
  SLIPWAY_RETURN_IF_ERROR(ForEachField(message, [&](const WireField& field) -> Status {
    switch (field.number) {
      case field::sparse_tensor::kValues:
        return DecodeTensor(field, sparse.values);
      case field::sparse_tensor::kIndices:
        return DecodeTensor(field, sparse.indices);
      case field::sparse_tensor::kDims:
        return TakeInts(field, sparse.dims);
      default:
        KeepUnknown(field, sparse.unknown_fields);
        return {};
    }
  }));
  if (sparse.values.dtype == DType::kUndefined || sparse.indices.dtype != DType::kI64)
    return CorruptModel("a sparse tensor needs values, and indices of int64");
  return {};
}

}  // namespace slipway::graph
