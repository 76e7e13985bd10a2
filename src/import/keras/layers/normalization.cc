// Normalization by stored statistics and by those of the input itself.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/checked.h"
#include "import/keras/layer_library.h"

namespace slipway::import::keras {

namespace {

using graph::FloatAttribute;
using graph::IntAttribute;
using graph::ValueId;
using Outputs = Result<std::vector<TensorId>>;

/// Scales and shifts that a layer does without are made up to this many numbers.
constexpr std::uint64_t kMostMadeUp = std::uint64_t{1} << 24;

bool Scales(const Json& config) { return BoolOr(config, "scale", true); }
bool Centers(const Json& config) { return BoolOr(config, "center", true); }

std::vector<WeightSlot> ScaleAndCenterSlots(const SavedLayer& layer) {
  std::vector<std::string> names;
  if (Scales(layer.config)) names.emplace_back("gamma");
  if (Centers(layer.config)) names.emplace_back("beta");
  return Slots(names);
}

std::vector<WeightSlot> BatchSlots(const SavedLayer& layer) {
  std::vector<std::string> names;
  if (Scales(layer.config)) names.emplace_back("gamma");
  if (Centers(layer.config)) names.emplace_back("beta");
  names.emplace_back("moving_mean");
  names.emplace_back("moving_variance");
  std::vector<WeightSlot> slots = Slots(names);
  slots[slots.size() - 2].trainable = false;
  slots[slots.size() - 1].trainable = false;
  return slots;
}

/// The weight, or `otherwise` in its place where the layer has none.
Result<std::vector<float>> WeightOr(LayerCall& call, std::string_view name,
                                    std::span<const std::int64_t> dims, float otherwise) {
  if (call.HasWeight(name)) {
    SLIPWAY_TRY(const WeightArray weight, call.Load(name, dims));
    return ToFloats(weight);
  }
  const auto count = CheckedProduct(dims);
  if (!count || *count > kMostMadeUp) return call.Broken("its axes are too large");
  return std::vector<float>(*count, otherwise);
}

Result<ValueId> ConstantOr(LayerCall& call, std::string_view name,
                           std::span<const std::int64_t> dims, float otherwise) {
  SLIPWAY_TRY(std::vector<float> values, WeightOr(call, name, dims, otherwise));
  return call.Put(name, {dims.begin(), dims.end()}, std::move(values));
}

/// Axes of a configuration, counted from the front; nullopt: not there, or not axes of the input.
std::optional<std::vector<std::int64_t>> Axes(const LayerCall& call, std::int64_t rank) {
  auto axes = IntsIn(Field(call.config(), "axis"));
  if (!axes) axes = std::vector<std::int64_t>{-1};
  if (axes->empty()) return std::nullopt;
  for (std::int64_t& axis : *axes) {
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank) return std::nullopt;
  }
  std::ranges::sort(*axes);
  return axes;
}

/// Ones everywhere but at these axes, where the tensor's own sizes stand.
std::vector<std::int64_t> BroadcastShape(const std::vector<std::int64_t>& shape,
                                         const std::vector<std::int64_t>& axes) {
  std::vector<std::int64_t> dims(shape.size(), 1);
  for (const std::int64_t axis : axes) {
    dims[static_cast<std::size_t>(axis)] = shape[static_cast<std::size_t>(axis)];
  }
  return dims;
}

/// x * factor + shift along one axis, in Keras's layout.
Outputs ScaleAlongAxis(LayerCall& call, TensorId x, std::int64_t axis, double epsilon) {
  GraphBuilder& b = call.builder;
  const std::int64_t size = b.at(x).shape[static_cast<std::size_t>(axis)];
  const std::span dims(&size, 1);
  SLIPWAY_TRY(std::vector<float> factor, WeightOr(call, "gamma", dims, 1));
  SLIPWAY_TRY(std::vector<float> shift, WeightOr(call, "beta", dims, 0));
  SLIPWAY_TRY(const std::vector<float> mean, WeightOr(call, "moving_mean", dims, 0));
  SLIPWAY_TRY(const std::vector<float> variance, WeightOr(call, "moving_variance", dims, 1));
  for (std::size_t i = 0; i < factor.size(); ++i) {
    factor[i] = static_cast<float>(factor[i] / std::sqrt(variance[i] + epsilon));
    shift[i] -= mean[i] * factor[i];
  }
  const std::vector<std::int64_t> broadcast = BroadcastShape(b.at(x).shape, {axis});
  SLIPWAY_TRY(const ValueId factors, call.Put("factor", broadcast, std::move(factor)));
  SLIPWAY_TRY(const ValueId shifts, call.Put("shift", broadcast, std::move(shift)));
  const ValueId y = b.Emit("Add", {b.Emit("Mul", {b.InKeras(x), factors}), shifts});
  return std::vector{b.AddLike(y, Layout::kKeras, x)};
}

Outputs BatchNormalization(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  const std::int64_t rank = b.at(x).rank();
  const auto axes = Axes(call, rank);
  if (!axes || axes->size() != 1 || axes->front() == 0) return call.Broken("a broken axis");
  const std::int64_t axis = axes->front();
  const std::int64_t size = b.at(x).shape[static_cast<std::size_t>(axis)];
  if (size <= 0) return call.Broken("the number of channels is not known");
  const double epsilon = NumberOr(call.config(), "epsilon", 1e-3);
  const Layout layout = b.at(x).flattened_from.empty() ? b.LayoutOf(x) : Layout::kKeras;
  if (GraphBuilder::AxisIn(layout, rank, axis) != 1) return ScaleAlongAxis(call, x, axis, epsilon);
  const std::span dims(&size, 1);
  SLIPWAY_TRY(const ValueId gamma, ConstantOr(call, "gamma", dims, 1));
  SLIPWAY_TRY(const ValueId beta, ConstantOr(call, "beta", dims, 0));
  SLIPWAY_TRY(const ValueId mean, ConstantOr(call, "moving_mean", dims, 0));
  SLIPWAY_TRY(const ValueId variance, ConstantOr(call, "moving_variance", dims, 1));
  const ValueId y = b.Emit("BatchNormalization", {b.In(x, layout), gamma, beta, mean, variance},
                           {FloatAttribute("epsilon", static_cast<float>(epsilon))});
  return std::vector{b.AddLike(y, layout, x)};
}

/// y * gamma + beta, each given along `axes`, where the layer has them.
Result<ValueId> ScaleAndCenter(LayerCall& call, ValueId y, const std::vector<std::int64_t>& stored,
                               const std::vector<std::int64_t>& broadcast) {
  for (const auto& [name, op] : {std::pair{"gamma", "Mul"}, {"scale", "Mul"}, {"beta", "Add"}}) {
    if (!call.HasWeight(name)) continue;
    SLIPWAY_TRY(const WeightArray weight, call.Load(name, stored));
    SLIPWAY_TRY(const ValueId value, call.Put(name, broadcast, ToFloats(weight)));
    y = call.builder.Emit(op, {y, value});
  }
  return y;
}

std::vector<std::int64_t> SizesAt(const std::vector<std::int64_t>& shape,
                                  const std::vector<std::int64_t>& axes) {
  std::vector<std::int64_t> sizes;
  for (const std::int64_t axis : axes) sizes.push_back(shape[static_cast<std::size_t>(axis)]);
  return sizes;
}

bool AreTrailing(const std::vector<std::int64_t>& axes, std::int64_t rank) {
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[axes.size() - 1 - i] != rank - 1 - static_cast<std::int64_t>(i)) return false;
  }
  return true;
}

Outputs LayerNormalization(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  const auto axes = Axes(call, b.at(x).rank());
  if (!axes) return call.Broken("a broken axis");
  if (BoolOr(call.config(), "rms_scaling", false)) return call.Unsupported("rms_scaling=True");
  const std::vector<std::int64_t> sizes = SizesAt(b.at(x).shape, *axes);
  if (std::ranges::any_of(sizes, [](std::int64_t n) { return n <= 0; })) {
    return call.Broken("the sizes of its axes are not known");
  }
  const auto epsilon = static_cast<float>(NumberOr(call.config(), "epsilon", 1e-3));
  if (AreTrailing(*axes, b.at(x).rank())) {
    SLIPWAY_TRY(const ValueId gamma, ConstantOr(call, "gamma", sizes, 1));
    std::vector<ValueId> operands{b.InKeras(x), gamma};
    if (call.HasWeight("beta")) {
      SLIPWAY_TRY(const ValueId beta, call.Weight("beta", sizes));
      operands.push_back(beta);
    }
    const ValueId y =
        b.Emit("LayerNormalization", std::move(operands),
               {IntAttribute("axis", axes->front()), FloatAttribute("epsilon", epsilon)});
    return std::vector{b.AddLike(y, Layout::kKeras, x)};
  }
  const ValueId over = b.Int64s(*axes);
  const ValueId value = b.InKeras(x);
  const ValueId centred = b.Emit("Sub", {value, b.Emit("ReduceMean", {value, over})});
  const ValueId variance = b.Emit("ReduceMean", {b.Emit("Mul", {centred, centred}), over});
  const ValueId deviation = b.Emit("Sqrt", {b.Emit("Add", {variance, b.Scalar(epsilon)})});
  SLIPWAY_TRY(const ValueId y, ScaleAndCenter(call, b.Emit("Div", {centred, deviation}), sizes,
                                              BroadcastShape(b.at(x).shape, *axes)));
  return std::vector{b.AddLike(y, Layout::kKeras, x)};
}

std::vector<WeightSlot> RmsSlots(const SavedLayer&) { return Slots({"scale"}); }

Outputs RmsNormalization(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  const auto axes = Axes(call, b.at(x).rank());
  if (!axes) return call.Broken("a broken axis");
  const ValueId value = b.InKeras(x);
  const ValueId squares = b.Emit("ReduceMean", {b.Emit("Mul", {value, value}), b.Int64s(*axes)});
  const auto epsilon = static_cast<float>(NumberOr(call.config(), "epsilon", 1e-6));
  const ValueId root = b.Emit("Sqrt", {b.Emit("Add", {squares, b.Scalar(epsilon)})});
  SLIPWAY_TRY(const ValueId y,
              ScaleAndCenter(call, b.Emit("Div", {value, root}), SizesAt(b.at(x).shape, *axes),
                             BroadcastShape(b.at(x).shape, *axes)));
  return std::vector{b.AddLike(y, Layout::kKeras, x)};
}

Outputs UnitNormalization(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  const auto axes = Axes(call, b.at(x).rank());
  if (!axes) return call.Broken("a broken axis");
  const ValueId value = b.InKeras(x);
  const ValueId norm = b.Emit("ReduceL2", {value, b.Int64s(*axes)});
  const ValueId y = b.Emit("Div", {value, b.Emit("Max", {norm, b.Scalar(1e-12F)})});
  return std::vector{b.AddLike(y, Layout::kKeras, x)};
}

/// Groups of a value whose channels stand at axis 1, by InstanceNormalization: one instance each.
ValueId NormalizeGroups(GraphBuilder& b, ValueId x, std::int64_t groups, float epsilon) {
  const std::vector<float> ones(static_cast<std::size_t>(groups), 1.0F);
  const std::vector<float> zeros(static_cast<std::size_t>(groups), 0.0F);
  const ValueId grouped = b.Emit("Reshape", {x, b.Int64s({0, groups, -1})});
  const ValueId normal = b.Emit("InstanceNormalization",
                                {grouped, b.Floats({groups}, ones), b.Floats({groups}, zeros)},
                                {FloatAttribute("epsilon", epsilon)});
  return b.Emit("Reshape", {normal, b.Emit("Shape", {x})});
}

Outputs GroupNormalization(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  const std::int64_t rank = b.at(x).rank();
  const auto axes = Axes(call, rank);
  if (!axes || axes->size() != 1) return call.Broken("a broken axis");
  const std::int64_t axis = axes->front();
  const std::int64_t channels = b.at(x).shape[static_cast<std::size_t>(axis)];
  std::int64_t groups = IntOr(call.config(), "groups", 32);
  if (groups == -1) groups = channels;
  const bool sizes_fit = rank >= 2 && channels > 0 && groups > 0 &&
                         groups <= static_cast<std::int64_t>(kMostMadeUp) && channels % groups == 0;
  if (!sizes_fit) {
    return call.Broken("groups and channels do not fit");
  }
  if (axis != 1 && axis != rank - 1) return call.Unsupported("an axis between the others");
  const Layout layout = axis == 1 ? Layout::kKeras : Layout::kChannelsFirst;
  const auto epsilon = static_cast<float>(NumberOr(call.config(), "epsilon", 1e-3));
  std::vector<std::int64_t> broadcast(static_cast<std::size_t>(rank), 1);
  broadcast[1] = channels;
  SLIPWAY_TRY(const ValueId y,
              ScaleAndCenter(call, NormalizeGroups(b, b.In(x, layout), groups, epsilon), {channels},
                             broadcast));
  return std::vector{b.AddLike(y, rank < 3 ? Layout::kKeras : layout, x)};
}

constexpr LayerRow kRows[] = {
    {"BatchNormalization", BatchNormalization, BatchSlots},
    {"BatchNormalizationV1", BatchNormalization, BatchSlots},
    {"BatchNormalizationV2", BatchNormalization, BatchSlots},
    {"SyncBatchNormalization", BatchNormalization, BatchSlots},
    {"LayerNormalization", LayerNormalization, ScaleAndCenterSlots},
    {"GroupNormalization", GroupNormalization, ScaleAndCenterSlots},
    {"RMSNormalization", RmsNormalization, RmsSlots},
    {"UnitNormalization", UnitNormalization},
};

}  // namespace

std::span<const LayerRow> NormalizationLayers() { return kRows; }

}  // namespace slipway::import::keras
