// Activation functions by name, and the layers that are nothing but one.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "import/keras/layer_library.h"

namespace slipway::import::keras {

namespace {

using graph::FloatAttribute;
using graph::IntAttribute;
using graph::ValueId;
using Outputs = Result<std::vector<TensorId>>;

struct FunctionRow {
  std::string_view name;
  ValueId (*emit)(GraphBuilder& builder, ValueId x, int generation);
};

/// One ONNX operator without attributes.
template <const char* kOperator>
ValueId One(GraphBuilder& builder, ValueId x, int) {
  return builder.Emit(kOperator, {x});
}
constexpr char kRelu[] = "Relu";
constexpr char kSigmoid[] = "Sigmoid";
constexpr char kTanh[] = "Tanh";
constexpr char kElu[] = "Elu";
constexpr char kSelu[] = "Selu";
constexpr char kSoftplus[] = "Softplus";
constexpr char kSoftsign[] = "Softsign";
constexpr char kExp[] = "Exp";
constexpr char kMish[] = "Mish";
constexpr char kCelu[] = "Celu";
constexpr char kHardSwish[] = "HardSwish";
constexpr char kGelu[] = "Gelu";

ValueId Swish(GraphBuilder& b, ValueId x, int) {
  return b.Emit("Mul", {x, b.Emit("Sigmoid", {x})});
}

/// Keras 3 has slope 1/6 where Keras 1 and 2 have 0.2.
ValueId HardSigmoid(GraphBuilder& b, ValueId x, int generation) {
  return b.Emit("HardSigmoid", {x},
                {FloatAttribute("alpha", generation >= 3 ? 1.0F / 6.0F : 0.2F),
                 FloatAttribute("beta", 0.5F)});
}

ValueId Clipped(GraphBuilder& b, ValueId x, float low, float high) {
  return b.Emit("Clip", {x, b.Scalar(low), b.Scalar(high)});
}
ValueId Relu6(GraphBuilder& b, ValueId x, int) { return Clipped(b, x, 0, 6); }
ValueId HardTanh(GraphBuilder& b, ValueId x, int) { return Clipped(b, x, -1, 1); }

ValueId LeakyRelu(GraphBuilder& b, ValueId x, int) {
  return b.Emit("LeakyRelu", {x}, {FloatAttribute("alpha", 0.2F)});
}

ValueId LogSigmoid(GraphBuilder& b, ValueId x, int) {
  return b.Emit("Neg", {b.Emit("Softplus", {b.Emit("Neg", {x})})});
}

ValueId HardShrink(GraphBuilder& b, ValueId x, int) {
  return b.Emit("Shrink", {x}, {FloatAttribute("lambd", 0.5F), FloatAttribute("bias", 0.0F)});
}
ValueId SoftShrink(GraphBuilder& b, ValueId x, int) {
  return b.Emit("Shrink", {x}, {FloatAttribute("lambd", 0.5F), FloatAttribute("bias", 0.5F)});
}
ValueId TanhShrink(GraphBuilder& b, ValueId x, int) {
  return b.Emit("Sub", {x, b.Emit("Tanh", {x})});
}

/// 0 below -1, (x + 1)^2 / 4 up to 1, x above.
ValueId SparsePlus(GraphBuilder& b, ValueId x, int) {
  const ValueId moved = b.Emit("Relu", {b.Emit("Add", {x, b.Scalar(1)})});
  const ValueId curve = b.Emit("Mul", {b.Emit("Mul", {moved, moved}), b.Scalar(0.25F)});
  return b.Emit("Where", {b.Emit("GreaterOrEqual", {x, b.Scalar(1)}), x, curve});
}

ValueId SparseSigmoid(GraphBuilder& b, ValueId x, int) {
  const ValueId half = b.Emit("Mul", {b.Emit("Add", {x, b.Scalar(1)}), b.Scalar(0.5F)});
  return Clipped(b, half, 0, 1);
}

/// (x + sqrt(x^2 + 4)) / 2.
ValueId SquarePlus(GraphBuilder& b, ValueId x, int) {
  const ValueId root = b.Emit("Sqrt", {b.Emit("Add", {b.Emit("Mul", {x, x}), b.Scalar(4)})});
  return b.Emit("Mul", {b.Emit("Add", {x, root}), b.Scalar(0.5F)});
}

constexpr FunctionRow kFunctions[] = {
    {"relu", One<kRelu>},
    {"sigmoid", One<kSigmoid>},
    {"tanh", One<kTanh>},
    {"elu", One<kElu>},
    {"selu", One<kSelu>},
    {"softplus", One<kSoftplus>},
    {"softsign", One<kSoftsign>},
    {"soft_sign", One<kSoftsign>},
    {"exponential", One<kExp>},
    {"mish", One<kMish>},
    {"celu", One<kCelu>},
    {"gelu", One<kGelu>},
    {"swish", Swish},
    {"silu", Swish},
    {"hard_swish", One<kHardSwish>},
    {"hard_silu", One<kHardSwish>},
    {"hard_sigmoid", HardSigmoid},
    {"relu6", Relu6},
    {"leaky_relu", LeakyRelu},
    {"hard_tanh", HardTanh},
    {"log_sigmoid", LogSigmoid},
    {"hard_shrink", HardShrink},
    {"soft_shrink", SoftShrink},
    {"tanh_shrink", TanhShrink},
    {"sparse_plus", SparsePlus},
    {"sparse_sigmoid", SparseSigmoid},
    {"squareplus", SquarePlus},
};

/// One operator along an axis of Keras's, in whatever layout the tensor is.
TensorId AlongAxis(const LayerCall& call, TensorId x, std::string op, std::int64_t axis) {
  GraphBuilder& builder = call.builder;
  const Layout layout = builder.at(x).flattened_from.empty() ? builder.LayoutOf(x) : Layout::kKeras;
  const std::int64_t rank = builder.at(x).rank();
  if (axis < 0) axis += rank;
  const std::int64_t there = GraphBuilder::AxisIn(layout, rank, axis);
  return builder.AddLike(
      builder.Emit(std::move(op), {builder.In(x, layout)}, {IntAttribute("axis", there)}), layout,
      x);
}

/// x1 * sigmoid(x2) with x1, x2 the halves of the last axis.
TensorId Glu(const LayerCall& call, TensorId x) {
  GraphBuilder& b = call.builder;
  std::vector<std::int64_t> shape = b.at(x).shape;
  const auto halves = b.EmitMany("Split", {b.InKeras(x)}, 2,
                                 {IntAttribute("axis", -1), IntAttribute("num_outputs", 2)});
  if (shape.back() > 0) shape.back() /= 2;
  return b.Add(b.Emit("Mul", {halves[0], b.Emit("Sigmoid", {halves[1]})}), Layout::kKeras,
               std::move(shape));
}

/// Projection onto the simplex: max(x - tau, 0), where tau follows from the sorted entries.
TensorId Sparsemax(const LayerCall& call, TensorId x) {
  GraphBuilder& b = call.builder;
  const std::int64_t size = b.at(x).shape.back();
  const ValueId value = b.InKeras(x);
  const ValueId last = b.Int64s(std::vector<std::int64_t>{-1});
  const ValueId sorted =
      b.EmitMany("TopK", {value, b.Int64s(std::vector<std::int64_t>{size})}, 2).front();
  std::vector<float> counts(static_cast<std::size_t>(size));
  std::iota(counts.begin(), counts.end(), 1.0F);
  const ValueId count = b.Floats({size}, counts);
  const ValueId sums =
      b.Emit("CumSum", {sorted, b.Int64s({}, std::array<std::int64_t, 1>{b.at(x).rank() - 1})});
  const ValueId reach = b.Emit("Add", {b.Emit("Mul", {sorted, count}), b.Scalar(1)});
  const ValueId supports = b.Emit("Cast", {b.Emit("Greater", {reach, sums})},
                                  {IntAttribute("to", static_cast<std::int64_t>(DType::kF32))});
  const ValueId supported = b.Emit("ReduceSum", {supports, last});
  // Keras sums the running sums, where the paper takes the last of them: so do its outputs.
  const ValueId total = b.Emit("ReduceSum", {b.Emit("Mul", {sums, supports}), last});
  const ValueId tau = b.Emit("Div", {b.Emit("Sub", {total, b.Scalar(1)}), supported});
  return b.AddLike(b.Emit("Relu", {b.Emit("Sub", {value, tau})}), Layout::kKeras, x);
}

TensorId EmitFunction(const LayerCall& call, TensorId x, const FunctionRow& row) {
  GraphBuilder& builder = call.builder;
  const Layout layout = builder.LayoutOf(x);
  return builder.AddLike(row.emit(builder, builder.In(x, layout), call.generation), layout, x);
}

/// An activation that is a layer of its own, as Keras 3 serialises it.
Result<TensorId> ActivateByLayer(const LayerCall& call, TensorId x, const Json& activation) {
  SavedLayer inner;
  inner.class_name = TextOr(activation, "class_name", "");
  inner.config = Field(activation, "config");
  const auto rows = ActivationLayers();
  const auto row = std::ranges::find(rows, inner.class_name, &LayerRow::class_name);
  if (row == rows.end() || row->slots != nullptr) {
    return call.Unsupported(fmt::format("unknown activation \"{}\"", inner.class_name));
  }
  inner.name = "activation";
  LayerCall part = call.ForPart(inner, {x});
  SLIPWAY_TRY(const std::vector<TensorId> outputs, row->lower(part));
  return outputs.front();
}

Outputs Activation(LayerCall& call) {
  const TensorId x = call.builder.AsFloat(call.inputs[0]);
  SLIPWAY_TRY(const TensorId y, Activate(call, x, Field(call.config(), "activation")));
  return std::vector{y};
}

/// Keras: x >= max_value -> max_value; threshold <= x -> x; else negative_slope * (x - threshold).
Outputs Relu(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  const auto slope = static_cast<float>(NumberOr(call.config(), "negative_slope", 0));
  const auto threshold = static_cast<float>(NumberOr(call.config(), "threshold", 0));
  const bool bounded = Field(call.config(), "max_value").is_number();
  const auto maximum = static_cast<float>(NumberOr(call.config(), "max_value", 0));
  const Layout layout = b.LayoutOf(x);
  const ValueId value = b.In(x, layout);
  ValueId y;
  if (threshold == 0 && slope == 0) {
    y = bounded ? Clipped(b, value, 0, maximum) : b.Emit("Relu", {value});
    return std::vector{b.AddLike(y, layout, x)};
  }
  if (threshold == 0) {
    y = b.Emit("LeakyRelu", {value}, {FloatAttribute("alpha", slope)});
  } else {
    const ValueId below =
        b.Emit("Mul", {b.Emit("Sub", {value, b.Scalar(threshold)}), b.Scalar(slope)});
    y = b.Emit("Where", {b.Emit("GreaterOrEqual", {value, b.Scalar(threshold)}), value, below});
  }
  if (bounded) y = b.Emit("Min", {y, b.Scalar(maximum)});
  return std::vector{b.AddLike(y, layout, x)};
}

Outputs LeakyReluLayer(LayerCall& call) {
  const double slope =
      NumberOr(call.config(), "negative_slope", NumberOr(call.config(), "alpha", 0.3));
  return std::vector{Elementwise(call, call.builder.AsFloat(call.inputs[0]), "LeakyRelu",
                                 {FloatAttribute("alpha", static_cast<float>(slope))})};
}

Outputs EluLayer(LayerCall& call) {
  const auto alpha = static_cast<float>(NumberOr(call.config(), "alpha", 1));
  return std::vector{Elementwise(call, call.builder.AsFloat(call.inputs[0]), "Elu",
                                 {FloatAttribute("alpha", alpha)})};
}

Outputs ThresholdedRelu(LayerCall& call) {
  const auto theta = static_cast<float>(NumberOr(call.config(), "theta", 1));
  return std::vector{Elementwise(call, call.builder.AsFloat(call.inputs[0]), "ThresholdedRelu",
                                 {FloatAttribute("alpha", theta)})};
}

std::vector<WeightSlot> PReluSlots(const SavedLayer&) { return Slots({"alpha"}); }

Outputs PRelu(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  std::vector<std::int64_t> dims(b.at(x).shape.begin() + 1, b.at(x).shape.end());
  for (const std::int64_t axis :
       IntsIn(Field(call.config(), "shared_axes")).value_or(std::vector<std::int64_t>{})) {
    if (axis < 1 || axis > static_cast<std::int64_t>(dims.size())) {
      return call.Broken("shared_axes names an axis that is not there");
    }
    dims[static_cast<std::size_t>(axis - 1)] = 1;
  }
  const Layout layout = b.at(x).flattened_from.empty() ? b.LayoutOf(x) : Layout::kKeras;
  std::vector<std::int64_t> order(dims.size());
  std::iota(order.begin(), order.end(), 0);
  if (layout == Layout::kChannelsFirst) std::rotate(order.begin(), order.end() - 1, order.end());
  SLIPWAY_TRY(const ValueId alpha, call.Permuted("alpha", dims, order));
  return std::vector{b.AddLike(b.Emit("PRelu", {b.In(x, layout), alpha}), layout, x)};
}

/// Softmax over several axes: exponentials of what is left of the maximum, divided by their sum.
TensorId SoftmaxOver(LayerCall& call, TensorId x, std::vector<std::int64_t> axes) {
  GraphBuilder& b = call.builder;
  const ValueId value = b.InKeras(x);
  const ValueId over = b.Int64s(axes);
  const ValueId powers =
      b.Emit("Exp", {b.Emit("Sub", {value, b.Emit("ReduceMax", {value, over})})});
  return b.AddLike(b.Emit("Div", {powers, b.Emit("ReduceSum", {powers, over})}), Layout::kKeras, x);
}

Outputs Softmax(LayerCall& call) {
  TensorId x = call.builder.AsFloat(call.inputs[0]);
  const auto axes = IntsIn(Field(call.config(), "axis")).value_or(std::vector<std::int64_t>{-1});
  if (call.inputs.size() > 1 || call.Named("mask")) {
    const TensorId mask = call.inputs.size() > 1 ? call.inputs[1] : *call.Named("mask");
    if (call.builder.at(mask).rank() == call.builder.at(x).rank()) {
      GraphBuilder& b = call.builder;
      const ValueId kept = b.InKeras(b.CastTo(mask, DType::kBool));
      x = b.AddLike(b.Emit("Where", {kept, b.InKeras(x), b.Scalar(-1e9F)}), Layout::kKeras, x);
    }
  }
  if (axes.size() == 1) return std::vector{AlongAxis(call, x, "Softmax", axes.front())};
  return std::vector{SoftmaxOver(call, x, axes)};
}

constexpr LayerRow kRows[] = {
    {"Activation", Activation},
    {"ReLU", Relu},
    {"LeakyReLU", LeakyReluLayer},
    {"ELU", EluLayer},
    {"ThresholdedReLU", ThresholdedRelu},
    {"PReLU", PRelu, PReluSlots},
    {"Softmax", Softmax},
};

}  // namespace

std::span<const LayerRow> ActivationLayers() { return kRows; }

Result<TensorId> Activate(const LayerCall& call, TensorId tensor, const Json& activation) {
  if (activation.is_object() && TextOr(activation, "class_name", "") != "function") {
    return ActivateByLayer(call, tensor, activation);
  }
  const std::string name = NameOfObject(activation);
  if (activation.is_null() || name == "linear") return tensor;
  if (name == "softmax") return AlongAxis(call, tensor, "Softmax", -1);
  if (name == "log_softmax") return AlongAxis(call, tensor, "LogSoftmax", -1);
  constexpr std::int64_t kLongestSparsemax = 1 << 20;
  const bool is_short = call.builder.at(tensor).shape.back() <= kLongestSparsemax;
  if (name == "glu") return Glu(call, tensor);
  if (name == "sparsemax" && is_short && call.builder.at(tensor).shape.back() > 0) {
    return Sparsemax(call, tensor);
  }
  const auto row = std::ranges::find(kFunctions, name, &FunctionRow::name);
  if (row == std::end(kFunctions)) {
    return call.Unsupported(fmt::format("unknown activation \"{}\"", name));
  }
  return EmitFunction(call, tensor, *row);
}

}  // namespace slipway::import::keras
