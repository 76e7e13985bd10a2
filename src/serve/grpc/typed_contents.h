#pragma once

#include <cstddef>
#include <list>
#include <span>

#include "base/status.h"
#include "tensor/tensor.h"

namespace slipway::serve::grpc {

/// The elements of an input's `contents` (InferTensorContents), packed or not, as a tensor. `input`
/// is the whole InferInputTensor, in which `contents` may occur several times. Floats in one packed
/// run are viewed in place; everything else goes into `memory`, whose size the elements that were
/// counted decide. InvalidArgument: a type that travels raw only (FP16, BF16), elements in the
/// field of another type, another number of elements than the shape's (kTensorDataMismatch), a
/// value out of the type's range, more than kMaxStrings strings.
Result<TensorView> ReadContents(std::span<const std::byte> input, DType dtype, const Shape& shape,
                                std::list<TensorBuffer>& memory);

}  // namespace slipway::serve::grpc
