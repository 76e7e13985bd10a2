// Nodes that are no layers: keras.ops functions and operators of a Functional model.

#include <fmt/format.h>

#include <array>

#include "import/keras/layer_library.h"

namespace slipway::import::keras {

namespace {

using graph::IntAttribute;
using graph::ValueId;
using Outputs = Result<std::vector<TensorId>>;

/// The second operand: a tensor or a number.
Result<TensorId> Right(LayerCall& call) {
  GraphBuilder& b = call.builder;
  if (call.inputs.size() > 1) return call.inputs[1];
  const bool listed = call.call != nullptr && call.call->positional.size() > 1;
  const Json& literal = listed ? call.call->positional[1].literal : call.Literal("x2");
  if (!literal.is_number()) return call.Unsupported("an operand that is no number");
  return b.Add(b.Scalar(literal.get<float>()), Layout::kKeras, {});
}

/// True where the operands differ: the mask that Keras 3 derives from ids.
Outputs NotEqual(LayerCall& call) {
  GraphBuilder& b = call.builder;
  SLIPWAY_TRY(const TensorId right, Right(call));
  const Tensor left = call.input();
  const ValueId equal =
      b.Emit("Equal", {b.InKeras(b.AsFloat(call.inputs[0])), b.InKeras(b.AsFloat(right))});
  return std::vector{b.Add(b.Emit("Not", {equal}), Layout::kKeras, left.shape, DType::kBool)};
}

constexpr LayerRow kRows[] = {
    {"NotEqual", NotEqual},
};

}  // namespace

std::span<const LayerRow> OperationNodes() { return kRows; }

}  // namespace slipway::import::keras
