#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <string_view>

#include "base/status.h"
#include "base/wire_reader.h"
#include "tensor/tensor.h"

namespace slipway::serve::grpc {

/// A field of typed values: how one element of it is encoded.
struct TypedField {
  std::uint32_t number;
  std::string_view name;
  WireType element;
};

/// Where a message has the elements of a tensor, one field for each kind of type.
struct TypedLayout {
  std::uint32_t holder = 0;  ///< the field, which may repeat, that holds the fields; 0: the message
  std::span<const TypedField> fields;
  const TypedField* (*field_of)(DType);  ///< null: the type has no field
  std::string_view otherwise;            ///< how a type without a field travels
  /// 0: as many values as elements. Else fewer will do: the last is repeated (none: zeros), in a
  /// tensor of at most so many bytes.
  std::uint64_t repeat_bytes = 0;
};

/// The elements of a tensor out of typed fields, packed or not. Floats in one packed run are viewed
/// in place; everything else goes into `memory`, whose size the elements that were counted decide,
/// or `repeat_bytes`. InvalidArgument: a type without a field, elements in the field of another
/// type, another number of elements than the shape's (kTensorDataMismatch), a value out of the
/// type's range, more than kMaxStrings strings.
Result<TensorView> ReadTyped(const TypedLayout& layout, std::span<const std::byte> message,
                             DType dtype, const Shape& shape, std::list<TensorBuffer>& memory);

/// The same of an InferInputTensor's `contents` (InferTensorContents).
Result<TensorView> ReadContents(std::span<const std::byte> input, DType dtype, const Shape& shape,
                                std::list<TensorBuffer>& memory);

}  // namespace slipway::serve::grpc
