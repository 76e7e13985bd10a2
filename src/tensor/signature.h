#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tensor/dtype.h"
#include "tensor/shape.h"
#include "tensor/tensor.h"

namespace slipway {

/// One input or output of a model, as its user sees it.
struct TensorSpec {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;  ///< -1: any size
  std::vector<std::string>
      axis_names;  ///< one per dimension or none; "" where unnamed ("batch", "", "", "")

  bool operator==(const TensorSpec&) const = default;
};

/// What a model takes and gives, in the order of the model.
struct Signature {
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;

  const TensorSpec* FindInput(std::string_view name) const;
  const TensorSpec* FindOutput(std::string_view name) const;

  /// True if every input and output has a first dimension of any size: rows of several requests may
  /// run together.
  bool IsBatchable() const;

  bool operator==(const Signature&) const = default;
};

/// InvalidArgument with number and both sides: `given` is not what `spec` asks for (type, rank, a
/// fixed dimension, byte count).
Status CheckTensor(const TensorSpec& spec, const TensorView& given);

/// "image f32[N,28,28,1]".
std::string ToString(const TensorSpec& spec);

}  // namespace slipway
