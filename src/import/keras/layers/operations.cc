// Nodes that are no layers: keras.ops functions and operators of a Functional model. All of them
// work in Keras's own axis order.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "import/keras/evaluation_order.h"
#include "import/keras/layer_library.h"

namespace slipway::import::keras {

namespace {

using graph::IntAttribute;
using graph::ValueId;
using Outputs = Result<std::vector<TensorId>>;
using Sizes = std::vector<std::int64_t>;

constexpr std::int64_t kToTheEnd = std::int64_t{1} << 31;

struct NamedOperator {
  std::string_view class_name;
  const char* op;
};

constexpr NamedOperator kUnary[] = {
    {"Absolute", "Abs"},      {"Exp", "Exp"},      {"Log", "Log"},
    {"Sqrt", "Sqrt"},         {"Negative", "Neg"}, {"Reciprocal", "Reciprocal"},
    {"Sin", "Sin"},           {"Cos", "Cos"},      {"Tanh", "Tanh"},
    {"Sigmoid", "Sigmoid"},   {"Relu", "Relu"},    {"Erf", "Erf"},
    {"Floor", "Floor"},       {"Ceil", "Ceil"},    {"Sign", "Sign"},
    {"Softplus", "Softplus"},
};
constexpr NamedOperator kBinary[] = {
    {"Add", "Add"},        {"Subtract", "Sub"}, {"Multiply", "Mul"}, {"Divide", "Div"},
    {"TrueDivide", "Div"}, {"Power", "Pow"},    {"Maximum", "Max"},  {"Minimum", "Min"},
};
constexpr NamedOperator kComparison[] = {
    {"Greater", "Greater"}, {"GreaterEqual", "GreaterOrEqual"},
    {"Less", "Less"},       {"LessEqual", "LessOrEqual"},
    {"Equal", "Equal"},
};
constexpr NamedOperator kReduction[] = {
    {"Mean", "ReduceMean"}, {"Sum", "ReduceSum"},   {"Max", "ReduceMax"},
    {"Min", "ReduceMin"},   {"Prod", "ReduceProd"},
};

const char* OperatorIn(std::span<const NamedOperator> table, const LayerCall& call) {
  return std::ranges::find(table, call.layer.class_name, &NamedOperator::class_name)->op;
}

/// The i-th positional operand: a tensor, or a number as a tensor without axes.
Result<TensorId> Operand(LayerCall& call, std::size_t i) {
  std::size_t tensor = 0;
  for (std::size_t at = 0; call.call != nullptr && at < call.call->positional.size(); ++at) {
    const Argument& argument = call.call->positional[at];
    std::vector<TensorRef> references;
    AppendTensors(argument, references);
    if (at < i) {
      tensor += references.size();
      continue;
    }
    if (references.size() == 1) return call.builder.AsFloat(call.inputs[tensor]);
    if (!argument.literal.is_number()) break;
    return call.builder.Add(call.builder.Scalar(argument.literal.get<float>()), Layout::kKeras, {});
  }
  return call.Unsupported("an operand that is neither a tensor nor a number");
}

/// Sizes of two operands that broadcast against each other from the last axis.
Sizes BroadcastSizes(const Sizes& a, const Sizes& b) {
  Sizes longer = a.size() >= b.size() ? a : b;
  const Sizes& shorter = a.size() >= b.size() ? b : a;
  for (std::size_t i = 1; i <= shorter.size(); ++i) {
    std::int64_t& size = longer[longer.size() - i];
    const std::int64_t other = shorter[shorter.size() - i];
    if (size == 1 || (size < 0 && other > 1)) size = other;
  }
  return longer;
}

Outputs Unary(LayerCall& call) {
  return std::vector{
      Elementwise(call, call.builder.AsFloat(call.inputs[0]), OperatorIn(kUnary, call))};
}

Result<TensorId> Pairwise(LayerCall& call, const char* op, DType dtype) {
  GraphBuilder& b = call.builder;
  SLIPWAY_TRY(const TensorId left, Operand(call, 0));
  SLIPWAY_TRY(const TensorId right, Operand(call, 1));
  const ValueId y = b.Emit(op, {b.InKeras(left), b.InKeras(right)});
  return b.Add(y, Layout::kKeras, BroadcastSizes(b.at(left).shape, b.at(right).shape), dtype);
}

Outputs Binary(LayerCall& call) {
  SLIPWAY_TRY(const TensorId y, Pairwise(call, OperatorIn(kBinary, call), DType::kF32));
  return std::vector{y};
}

Outputs Comparison(LayerCall& call) {
  SLIPWAY_TRY(const TensorId y, Pairwise(call, OperatorIn(kComparison, call), DType::kBool));
  return std::vector{y};
}

/// Also the mask that Keras 3 derives from ids.
Outputs NotEqual(LayerCall& call) {
  GraphBuilder& b = call.builder;
  SLIPWAY_TRY(const TensorId equal, Pairwise(call, "Equal", DType::kBool));
  return std::vector{
      b.Add(b.Emit("Not", {b.InKeras(equal)}), Layout::kKeras, b.at(equal).shape, DType::kBool)};
}

Outputs Square(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  const ValueId value = b.InKeras(x);
  return std::vector{b.AddLike(b.Emit("Mul", {value, value}), Layout::kKeras, x)};
}

Outputs Rsqrt(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  const ValueId root = b.Emit("Sqrt", {b.InKeras(x)});
  return std::vector{b.AddLike(b.Emit("Reciprocal", {root}), Layout::kKeras, x)};
}

/// Axes counted from the front; nullopt: not axes of that many.
std::optional<Sizes> AxesOf(const Json& json, std::int64_t rank) {
  auto axes = IntsIn(json);
  if (!axes) return std::nullopt;
  for (std::int64_t& axis : *axes) {
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank) return std::nullopt;
  }
  return axes;
}

Outputs Reduction(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  Sizes shape = b.at(x).shape;
  auto axes = AxesOf(Field(call.config(), "axis"), b.at(x).rank());
  if (!axes) return call.Unsupported("a reduction without an axis");
  const bool keep = BoolOr(call.config(), "keepdims", false);
  const ValueId y = b.Emit(OperatorIn(kReduction, call), {b.InKeras(x), b.Int64s(*axes)},
                           {IntAttribute("keepdims", keep ? 1 : 0)});
  std::ranges::sort(*axes, std::greater<>());
  for (const std::int64_t axis : *axes) {
    if (keep) {
      shape[static_cast<std::size_t>(axis)] = 1;
    } else {
      shape.erase(shape.begin() + axis);
    }
  }
  return std::vector{b.Add(y, Layout::kKeras, std::move(shape))};
}

Outputs Reshape(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const auto wanted = IntsIn(Field(call.config(), "newshape"));
  if (!wanted || wanted->empty()) return call.Broken("a broken shape");
  const ValueId y = b.Emit("Reshape", {b.InKeras(call.inputs[0]), b.Int64s(*wanted)});
  return std::vector{b.Add(y, Layout::kKeras, *wanted, call.input().dtype)};
}

Outputs Transpose(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const Tensor x = call.input();
  const auto order = AxesOf(Field(call.config(), "axes"), x.rank());
  if (!order || static_cast<std::int64_t>(order->size()) != x.rank()) {
    return call.Unsupported("a transpose without all axes");
  }
  Sizes shape;
  for (const std::int64_t axis : *order) shape.push_back(x.shape[static_cast<std::size_t>(axis)]);
  const ValueId y =
      b.Emit("Transpose", {b.InKeras(call.inputs[0])}, {graph::IntsAttribute("perm", *order)});
  return std::vector{b.Add(y, Layout::kKeras, std::move(shape), x.dtype)};
}

Outputs Matmul(LayerCall& call) {
  GraphBuilder& b = call.builder;
  SLIPWAY_TRY(const TensorId left, Operand(call, 0));
  SLIPWAY_TRY(const TensorId right, Operand(call, 1));
  const Sizes a = b.at(left).shape;
  const Sizes c = b.at(right).shape;
  if (a.size() < 2 || c.size() < 2) return call.Unsupported("a product of vectors");
  Sizes shape = BroadcastSizes({a.begin(), a.end() - 2}, {c.begin(), c.end() - 2});
  shape.insert(shape.end(), {a[a.size() - 2], c.back()});
  const ValueId y = b.Emit("MatMul", {b.InKeras(left), b.InKeras(right)});
  return std::vector{b.Add(y, Layout::kKeras, std::move(shape))};
}

Outputs Concatenate(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const auto axes = AxesOf(Field(call.config(), "axis"), call.input().rank());
  if (!axes || axes->size() != 1) return call.Broken("a broken axis");
  const auto axis = static_cast<std::size_t>(axes->front());
  Sizes shape = call.input().shape;
  shape[axis] = 0;
  std::vector<ValueId> values;
  for (const TensorId id : call.inputs) {
    if (b.at(id).rank() != call.input().rank()) return call.Broken("its inputs differ in axes");
    const std::int64_t size = b.at(id).shape[axis];
    shape[axis] = size < 0 || shape[axis] < 0 ? -1 : shape[axis] + size;
    values.push_back(b.InKeras(b.AsFloat(id)));
  }
  const ValueId y = b.Emit("Concat", std::move(values), {IntAttribute("axis", axes->front())});
  return std::vector{b.Add(y, Layout::kKeras, std::move(shape))};
}

Outputs ExpandDims(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const Tensor x = call.input();
  const auto axes = AxesOf(Field(call.config(), "axis"), x.rank() + 1);
  if (!axes || axes->size() != 1) return call.Broken("a broken axis");
  Sizes shape = x.shape;
  shape.insert(shape.begin() + axes->front(), 1);
  const ValueId y = b.Emit("Unsqueeze", {b.InKeras(call.inputs[0]), b.Int64s(*axes)});
  return std::vector{b.Add(y, Layout::kKeras, std::move(shape), x.dtype)};
}

Outputs Squeeze(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const Tensor x = call.input();
  const auto axes = AxesOf(Field(call.config(), "axis"), x.rank());
  if (!axes || axes->size() != 1) return call.Unsupported("a squeeze without one axis");
  Sizes shape = x.shape;
  shape.erase(shape.begin() + axes->front());
  const ValueId y = b.Emit("Squeeze", {b.InKeras(call.inputs[0]), b.Int64s(*axes)});
  return std::vector{b.Add(y, Layout::kKeras, std::move(shape), x.dtype)};
}

Outputs Softmax(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  const auto axes = AxesOf(Field(call.config(), "axis"), b.at(x).rank());
  if (!axes || axes->size() != 1) return call.Unsupported("a softmax over several axes");
  const ValueId y = b.Emit("Softmax", {b.InKeras(x)}, {IntAttribute("axis", axes->front())});
  return std::vector{b.AddLike(y, Layout::kKeras, x)};
}

Outputs Where(LayerCall& call) {
  GraphBuilder& b = call.builder;
  SLIPWAY_TRY(const TensorId yes, Operand(call, 1));
  SLIPWAY_TRY(const TensorId no, Operand(call, 2));
  const TensorId condition = b.CastTo(call.inputs[0], DType::kBool);
  const Sizes shape =
      BroadcastSizes(b.at(condition).shape, BroadcastSizes(b.at(yes).shape, b.at(no).shape));
  const ValueId y = b.Emit("Where", {b.InKeras(condition), b.InKeras(yes), b.InKeras(no)});
  return std::vector{b.Add(y, Layout::kKeras, shape)};
}

Outputs Clip(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  const auto bound = [&](const char* name) {
    return b.Scalar(static_cast<float>(NumberOr(call.config(), name, 0)));
  };
  const bool given =
      Field(call.config(), "x_min").is_number() && Field(call.config(), "x_max").is_number();
  if (!given) return call.Unsupported("bounds that are no numbers");
  const ValueId y = b.Emit("Clip", {b.InKeras(x), bound("x_min"), bound("x_max")});
  return std::vector{b.AddLike(y, Layout::kKeras, x)};
}

Outputs Pad(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  const Json& widths = Field(call.config(), "pad_width");
  Sizes shape = b.at(x).shape;
  if (!widths.is_array() || widths.size() != shape.size()) return call.Broken("broken widths");
  if (TextOr(call.config(), "mode", "constant") != "constant") {
    return call.Unsupported("a padding mode other than constant");
  }
  if (!call.Literal("constant_values").is_null()) return call.Unsupported("constant_values");
  Sizes pads(2 * shape.size(), 0);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const auto width = IntsIn(widths[axis]);
    if (!width || width->size() != 2) return call.Broken("broken widths");
    pads[axis] = (*width)[0];
    pads[shape.size() + axis] = (*width)[1];
    if (shape[axis] >= 0) shape[axis] += (*width)[0] + (*width)[1];
  }
  const ValueId y = b.Emit("Pad", {b.InKeras(x), b.Int64s(pads)});
  return std::vector{b.Add(y, Layout::kKeras, std::move(shape))};
}

/// One index of x[...]: a slice, whose bounds may be absent.
struct Slice {
  std::int64_t start = 0;
  std::int64_t stop = kToTheEnd;
  std::int64_t step = 1;
};

std::optional<Slice> ReadSlice(const Json& json) {
  if (TextOr(json, "class_name", "") != "__slice__") return std::nullopt;
  const Json& config = Field(json, "config");
  const Slice slice{.start = IntOr(config, "start", 0),
                    .stop = IntOr(config, "stop", kToTheEnd),
                    .step = IntOr(config, "step", 1)};
  if (slice.step < 1) return std::nullopt;
  return slice;
}

/// How many a slice takes of `size`.
std::int64_t TakenBy(const Slice& slice, std::int64_t size) {
  if (size < 0) return -1;
  const auto within = [size](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size);
  };
  const std::int64_t length = std::max<std::int64_t>(0, within(slice.stop) - within(slice.start));
  return (length + slice.step - 1) / slice.step;
}

Outputs GetItem(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const Tensor x = call.input();
  if (call.call == nullptr || call.call->positional.size() < 2) return call.Broken("no index");
  const Json& key = call.call->positional[1].literal;
  const Json keys = key.is_array() ? key : Json::array({key});
  Sizes shape = x.shape;
  if (keys.size() > shape.size()) return call.Broken("more indices than axes");
  Sizes starts, ends, axes, steps;
  for (std::size_t axis = 0; axis < keys.size(); ++axis) {
    const auto slice = ReadSlice(keys[axis]);
    if (!slice) return call.Unsupported("an index that is no forward slice");
    starts.push_back(slice->start);
    ends.push_back(slice->stop);
    steps.push_back(slice->step);
    axes.push_back(static_cast<std::int64_t>(axis));
    shape[axis] = TakenBy(*slice, shape[axis]);
  }
  const ValueId y = b.Emit("Slice", {b.InKeras(call.inputs[0]), b.Int64s(starts), b.Int64s(ends),
                                     b.Int64s(axes), b.Int64s(steps)});
  return std::vector{b.Add(y, Layout::kKeras, std::move(shape), x.dtype)};
}

constexpr LayerRow kRows[] = {
    {"NotEqual", NotEqual},
    {"Absolute", Unary},
    {"Exp", Unary},
    {"Log", Unary},
    {"Sqrt", Unary},
    {"Negative", Unary},
    {"Reciprocal", Unary},
    {"Sin", Unary},
    {"Cos", Unary},
    {"Tanh", Unary},
    {"Sigmoid", Unary},
    {"Relu", Unary},
    {"Erf", Unary},
    {"Floor", Unary},
    {"Ceil", Unary},
    {"Sign", Unary},
    {"Softplus", Unary},
    {"Square", Square},
    {"Rsqrt", Rsqrt},
    {"Add", Binary},
    {"Subtract", Binary},
    {"Multiply", Binary},
    {"Divide", Binary},
    {"TrueDivide", Binary},
    {"Power", Binary},
    {"Maximum", Binary},
    {"Minimum", Binary},
    {"Greater", Comparison},
    {"GreaterEqual", Comparison},
    {"Less", Comparison},
    {"LessEqual", Comparison},
    {"Equal", Comparison},
    {"Mean", Reduction},
    {"Sum", Reduction},
    {"Max", Reduction},
    {"Min", Reduction},
    {"Prod", Reduction},
    {"Reshape", Reshape},
    {"Transpose", Transpose},
    {"Matmul", Matmul},
    {"Concatenate", Concatenate},
    {"ExpandDims", ExpandDims},
    {"Squeeze", Squeeze},
    {"Softmax", Softmax},
    {"Where", Where},
    {"Clip", Clip},
    {"Pad", Pad},
    {"GetItem", GetItem},
};

}  // namespace

std::span<const LayerRow> OperationNodes() { return kRows; }

}  // namespace slipway::import::keras
