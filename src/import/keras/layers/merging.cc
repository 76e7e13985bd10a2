// Layers that make one tensor of several.

#include <fmt/format.h>

#include <algorithm>

#include "import/keras/layer_library.h"

namespace slipway::import::keras {

namespace {

using graph::IntAttribute;
using graph::ValueId;
using Outputs = Result<std::vector<TensorId>>;

/// The layout in which several tensors meet with the fewest Transposes.
Layout CommonLayout(const GraphBuilder& builder, const std::vector<TensorId>& tensors) {
  std::size_t channels_first = 0;
  for (const TensorId id : tensors) {
    const Tensor& tensor = builder.at(id);
    if (tensor.rank() != builder.at(tensors.front()).rank() || tensor.rank() < 3) {
      return Layout::kKeras;
    }
    if (tensor.Has(Layout::kChannelsFirst)) ++channels_first;
  }
  return 2 * channels_first >= tensors.size() ? Layout::kChannelsFirst : Layout::kKeras;
}

/// The mask of the merged tensor: a step counts where it does in all of them.
std::optional<TensorId> CommonMask(LayerCall& call) {
  std::optional<TensorId> common;
  for (const TensorId id : call.inputs) {
    const auto mask = call.builder.at(id).mask;
    if (!mask) continue;
    if (!common) {
      common = mask;
      continue;
    }
    GraphBuilder& b = call.builder;
    const ValueId both = b.Emit("And", {b.InKeras(*common), b.InKeras(*mask)});
    common = b.Add(both, Layout::kKeras, b.at(*mask).shape, DType::kBool);
  }
  return common;
}

/// Sizes after broadcasting, of inputs that were brought to one rank.
std::vector<std::int64_t> Broadcast(const GraphBuilder& builder,
                                    const std::vector<TensorId>& tensors) {
  std::vector<std::int64_t> shape = builder.at(tensors.front()).shape;
  for (const TensorId id : tensors) {
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      const std::int64_t size = builder.at(id).shape[axis];
      if (shape[axis] == 1 || (shape[axis] < 0 && size > 1)) shape[axis] = size;
    }
  }
  return shape;
}

/// Keras puts the missing axes of a tensor of lower rank behind its batch axis.
std::vector<TensorId> ToOneRank(GraphBuilder& b, std::vector<TensorId> tensors) {
  std::int64_t rank = 0;
  for (const TensorId id : tensors) rank = std::max(rank, b.at(id).rank());
  for (TensorId& id : tensors) {
    const std::int64_t missing = rank - b.at(id).rank();
    if (missing == 0) continue;
    std::vector<std::int64_t> shape = b.at(id).shape;
    std::vector<std::int64_t> axes;
    for (std::int64_t axis = 1; axis <= missing; ++axis) axes.push_back(axis);
    shape.insert(shape.begin() + (shape.empty() ? 0 : 1), static_cast<std::size_t>(missing), 1);
    id = b.Add(b.Emit("Unsqueeze", {b.InKeras(id), b.Int64s(axes)}), Layout::kKeras, shape);
  }
  return tensors;
}

struct Merger {
  std::string_view op;
  bool takes_all;  ///< one node for any number of inputs
};

Outputs Merge(LayerCall& call, const Merger& merger, bool average) {
  GraphBuilder& b = call.builder;
  for (TensorId& id : call.inputs) id = b.AsFloat(id);
  const std::vector<TensorId> tensors = ToOneRank(b, call.inputs);
  const Layout layout = CommonLayout(b, tensors);
  std::vector<ValueId> values;
  for (const TensorId id : tensors) values.push_back(b.In(id, layout));
  ValueId y = values.front();
  if (merger.takes_all && values.size() > 2) {
    y = b.Emit(std::string(merger.op), values);
  } else {
    for (std::size_t i = 1; i < values.size(); ++i)
      y = b.Emit(std::string(merger.op), {y, values[i]});
  }
  if (average) y = b.Emit("Mul", {y, b.Scalar(1.0F / static_cast<float>(values.size()))});
  const TensorId merged = b.Add(y, layout, Broadcast(b, tensors));
  b.SetMask(merged, CommonMask(call));
  return std::vector{merged};
}

Outputs Add(LayerCall& call) { return Merge(call, {"Add", false}, false); }
Outputs Average(LayerCall& call) { return Merge(call, {"Add", false}, true); }
Outputs Subtract(LayerCall& call) { return Merge(call, {"Sub", false}, false); }
Outputs Multiply(LayerCall& call) { return Merge(call, {"Mul", false}, false); }
Outputs Maximum(LayerCall& call) { return Merge(call, {"Max", true}, false); }
Outputs Minimum(LayerCall& call) { return Merge(call, {"Min", true}, false); }

Outputs Concatenate(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const std::int64_t rank = call.input().rank();
  std::int64_t axis = IntOr(call.config(), "axis", -1);
  if (axis < 0) axis += rank;
  std::vector<std::int64_t> shape = call.input().shape;
  if (axis < 0 || axis >= rank) return call.Broken("a broken axis");
  DType dtype = call.input().dtype;
  for (const TensorId id : call.inputs) {
    if (b.at(id).rank() != rank) return call.Broken("its inputs differ in their number of axes");
    if (b.at(id).dtype != dtype) dtype = DType::kF32;
  }
  const Layout layout = CommonLayout(b, call.inputs);
  std::vector<ValueId> values;
  std::int64_t size = 0;
  for (const TensorId id : call.inputs) {
    const std::int64_t here = b.at(id).shape[static_cast<std::size_t>(axis)];
    size = here < 0 || size < 0 ? -1 : size + here;
    values.push_back(b.In(b.CastTo(id, dtype), layout));
  }
  shape[static_cast<std::size_t>(axis)] = size;
  const ValueId y = b.Emit("Concat", std::move(values),
                           {IntAttribute("axis", GraphBuilder::AxisIn(layout, rank, axis))});
  const TensorId joined = b.Add(y, layout, std::move(shape), dtype);
  if (axis == rank - 1 && rank > 2) b.SetMask(joined, CommonMask(call));
  return std::vector{joined};
}

/// x / |x| along an axis, as Dot(normalize=True) does to both sides.
ValueId Normalized(GraphBuilder& b, ValueId x, std::int64_t axis) {
  const ValueId norm = b.Emit("ReduceL2", {x, b.Int64s(std::vector<std::int64_t>{axis})});
  return b.Emit("Div", {x, b.Emit("Max", {norm, b.Scalar(1e-12F)})});
}

/// The contracted axis moved to the end (`last`) or to the middle of (batch, a, b).
ValueId WithAxisAt(GraphBuilder& b, ValueId x, std::int64_t axis, std::int64_t where) {
  if (axis == where) return x;
  return b.Emit("Transpose", {x}, {graph::IntsAttribute("perm", {0, 2, 1})});
}

Outputs Dot(LayerCall& call) {
  GraphBuilder& b = call.builder;
  auto axes = IntsIn(Field(call.config(), "axes"));
  if (axes && axes->size() == 1) axes->push_back(axes->front());
  if (!axes || axes->size() != 2 || call.inputs.size() != 2) return call.Broken("broken axes");
  std::vector<ValueId> sides;
  for (std::size_t i = 0; i < 2; ++i) {
    const TensorId x = b.AsFloat(call.inputs[i]);
    const std::int64_t rank = b.at(x).rank();
    std::int64_t& axis = (*axes)[i];
    if (axis < 0) axis += rank;
    if (rank < 2 || rank > 3 || axis < 1 || axis >= rank) {
      return call.Unsupported(fmt::format("a dot product over axis {} of {} axes", axis, rank));
    }
    ValueId value = b.InKeras(x);
    if (BoolOr(call.config(), "normalize", false)) value = Normalized(b, value, axis);
    // A vector counts as one row on the left and as one column on the right.
    if (rank == 2) {
      value = b.Emit("Unsqueeze", {value, b.Int64s(std::vector<std::int64_t>{i == 0 ? 1 : 2})});
    } else {
      value = WithAxisAt(b, value, axis, i == 0 ? 2 : 1);
    }
    sides.push_back(value);
  }
  ValueId y = b.Emit("MatMul", {sides[0], sides[1]});
  std::vector<std::int64_t> shape{call.input().shape[0]};
  std::vector<std::int64_t> squeezed;
  for (std::size_t i = 0; i < 2; ++i) {
    const Tensor& x = call.input(i);
    if (x.rank() == 3) {
      shape.push_back(x.shape[static_cast<std::size_t>(3 - (*axes)[i])]);
    } else {
      squeezed.push_back(static_cast<std::int64_t>(i) + 1);
    }
  }
  if (shape.size() == 1) {  // two vectors: Keras keeps one axis of size 1
    squeezed.pop_back();
    shape.push_back(1);
  }
  if (!squeezed.empty()) y = b.Emit("Squeeze", {y, b.Int64s(squeezed)});
  return std::vector{b.Add(y, Layout::kKeras, std::move(shape))};
}

constexpr LayerRow kRows[] = {
    {"Add", Add},           {"Average", Average},         {"Subtract", Subtract},
    {"Multiply", Multiply}, {"Maximum", Maximum},         {"Minimum", Minimum},
    {"Dot", Dot},           {"Concatenate", Concatenate},
};

}  // namespace

std::span<const LayerRow> MergingLayers() { return kRows; }

}  // namespace slipway::import::keras
