#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/status.h"
#include "serve/predict/predictor.h"
#include "tensor/signature.h"
#include "tensor/tensor.h"

namespace slipway::serve {

/// A request as the engine wants it. The views are those of the request.
struct BoundRequest {
  /// In the signature's order.
  boost::container::small_vector<TensorView, 1> inputs;
  /// Indices of outputs, in the order asked for.
  boost::container::small_vector<std::size_t, 4> wanted;
  std::int64_t rows = 1;    ///< the common first dimension of a batchable model, else 1
  std::uint64_t bytes = 0;  ///< of all inputs
};

/// Checks names, types, shapes and sizes, and puts the tensors in order. InvalidArgument, naming
/// the tensor: unknown (near names offered), missing or repeated, what CheckTensor() says, inputs
/// of a batchable model with different numbers of rows. Costs an allocation for
/// several inputs, and none for one. Pure.
Result<BoundRequest> Bind(const Signature& signature, std::span<const InferInput> inputs,
                          std::span<const std::string_view> outputs);

/// InvalidArgument (kTensorShapeMismatch): more rows than the model's configuration lets a request
/// have. Pure.
Status CheckRows(const ServedModel& model, std::int64_t rows);

}  // namespace slipway::serve
