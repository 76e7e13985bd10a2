#include "serve/grpc/tensor_proto.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error_catalogue.h"
#include "base/wire_reader.h"
#include "serve/grpc/typed_contents.h"
#include "serve/grpc/wire_text.h"
#include "serve/predict/request_rules.h"
#include "serve/predict/tfs_rules.h"

namespace slipway::serve::grpc {
namespace {

constexpr std::uint32_t kType = 1;
constexpr std::uint32_t kShape = 2;
constexpr std::uint32_t kContent = 4;

constexpr std::array<TypedField, 9> kFields = {{{5, "float_val", WireType::kFixed32},
                                                {6, "double_val", WireType::kFixed64},
                                                {7, "int_val", WireType::kVarint},
                                                {8, "string_val", WireType::kBytes},
                                                {10, "int64_val", WireType::kVarint},
                                                {11, "bool_val", WireType::kVarint},
                                                {13, "half_val", WireType::kVarint},
                                                {16, "uint32_val", WireType::kVarint},
                                                {17, "uint64_val", WireType::kVarint}}};

const TypedField* FieldOf(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return &kFields[0];
    case DType::kF64:
      return &kFields[1];
    case DType::kI32:
    case DType::kI16:
    case DType::kI8:
    case DType::kU16:
    case DType::kU8:
      return &kFields[2];
    case DType::kString:
      return &kFields[3];
    case DType::kI64:
      return &kFields[4];
    case DType::kBool:
      return &kFields[5];
    case DType::kF16:
    case DType::kBF16:
      return &kFields[6];
    case DType::kU32:
      return &kFields[7];
    case DType::kU64:
      return &kFields[8];
    default:
      return nullptr;
  }
}

/// A TensorProto while it is read.
struct Fields {
  DType dtype = DType::kUndefined;
  std::array<std::int64_t, Shape::kMaxRank> dims{};
  std::size_t rank = 0;
  bool is_unknown_rank = false;
  std::span<const std::byte> content;
};

Status ReadDim(const WireField& dim, Fields& fields) {
  SLIPWAY_RETURN_IF_ERROR(CheckEncoding(dim, WireType::kBytes));
  if (fields.rank == fields.dims.size())
    return FieldInvalid(fmt::format("more than {} dimensions", fields.dims.size()));
  std::int64_t& size = fields.dims[fields.rank++];
  size = 0;
  return ForEachField(dim.bytes, [&](const WireField& field) -> Status {
    if (field.number != 1) return {};
    SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kVarint));
    size = static_cast<std::int64_t>(field.scalar);
    return {};
  });
}

Status ReadShape(const WireField& shape, Fields& fields) {
  SLIPWAY_RETURN_IF_ERROR(CheckEncoding(shape, WireType::kBytes));
  return ForEachField(shape.bytes, [&](const WireField& field) -> Status {
    if (field.number == 2) return ReadDim(field, fields);
    if (field.number == 3) fields.is_unknown_rank = field.scalar != 0;
    return {};
  });
}

Status ReadField(const WireField& field, Fields& fields) {
  switch (field.number) {
    case kType:
      SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kVarint));
      fields.dtype = tfs::TypeOfNumber(field.scalar);
      if (fields.dtype != DType::kUndefined) return {};
      return FieldInvalid(fmt::format("type {} is not served", field.scalar)).At("dtype");
    case kShape: {
      Status status = ReadShape(field, fields);
      return status.ok() ? Status() : std::move(status).At("tensor_shape");
    }
    case kContent:
      SLIPWAY_RETURN_IF_ERROR(CheckEncoding(field, WireType::kBytes));
      fields.content = field.bytes;
      return {};
    default:
      return {};
  }
}

Result<TensorView> ViewContent(const Fields& fields, const Shape& shape,
                               std::list<TensorBuffer>& memory) {
  if (fields.dtype == DType::kString)
    return FieldInvalid("strings travel in string_val").At("tensor_content");
  SLIPWAY_TRY(const std::uint64_t elements, CountElements(shape));
  const std::uint64_t bytes = elements * BytesOf(fields.dtype);
  if (fields.content.size() != bytes) {
    return InvalidArgument(fmt::format("shape {} of {} has {} bytes, tensor_content has {}",
                                       shape.ToString(), tfs::NameOf(fields.dtype).name, bytes,
                                       fields.content.size()))
        .With(errors::kTensorDataMismatch);
  }
  return Aligned({fields.dtype, shape, fields.content}, memory);
}

template <class T>
WireWriter Varints(const TensorView& tensor) {
  WireWriter run;
  // Signed numbers are extended to 64 bits, as the encoding wants it.
  for (const T value : tensor.As<T>())
    run.PackedVarint(static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
  return run;
}

WireWriter NumbersOf(const TensorView& tensor) {
  switch (tensor.dtype) {
    case DType::kBool:
    case DType::kU8:
      return Varints<std::uint8_t>(tensor);
    case DType::kI8:
      return Varints<std::int8_t>(tensor);
    case DType::kI16:
      return Varints<std::int16_t>(tensor);
    case DType::kI32:
      return Varints<std::int32_t>(tensor);
    case DType::kI64:
      return Varints<std::int64_t>(tensor);
    case DType::kU32:
      return Varints<std::uint32_t>(tensor);
    case DType::kU64:
      return Varints<std::uint64_t>(tensor);
    default:
      return Varints<std::uint16_t>(tensor);
  }
}

void WriteValues(const TensorView& tensor, const TypedField& field, WireWriter& message) {
  if (tensor.bytes.empty()) return;
  if (field.element == WireType::kVarint) return message.Message(field.number, NumbersOf(tensor));
  if (field.element != WireType::kBytes) return message.Bytes(field.number, tensor.bytes);
  const Result<std::vector<std::string_view>> strings = UnpackStrings(tensor);
  if (!strings.ok()) return;  // an engine's strings are well packed
  for (const std::string_view text : *strings) message.Text(field.number, text);
}

}  // namespace

Result<TensorView> ReadTensorProto(std::span<const std::byte> message, std::uint64_t max_bytes,
                                   std::list<TensorBuffer>& memory) {
  Fields fields;
  SLIPWAY_RETURN_IF_ERROR(
      ForEachField(message, [&](const WireField& field) { return ReadField(field, fields); }));
  if (fields.dtype == DType::kUndefined) return FieldInvalid("the tensor has no dtype");
  if (fields.is_unknown_rank) return FieldInvalid("the tensor's shape is not known");
  const Shape shape{std::span<const std::int64_t>(fields.dims).first(fields.rank)};
  if (!fields.content.empty()) return ViewContent(fields, shape, memory);
  const TypedLayout layout{
      .fields = kFields, .field_of = FieldOf, .otherwise = "no field", .repeat_bytes = max_bytes};
  return ReadTyped(layout, message, fields.dtype, shape, memory);
}

WireWriter WriteTensorProto(const TensorView& tensor) {
  WireWriter message;
  message.Varint(kType, static_cast<std::uint64_t>(tfs::NameOf(tensor.dtype).number));
  WireWriter shape;
  for (const std::int64_t size : tensor.shape.dims()) {
    WireWriter dim;
    dim.Signed(1, size);
    shape.Message(2, dim);
  }
  message.Message(kShape, shape);
  if (const TypedField* const field = FieldOf(tensor.dtype)) WriteValues(tensor, *field, message);
  return message;
}

}  // namespace slipway::serve::grpc
