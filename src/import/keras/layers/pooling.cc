// Pooling over windows, over everything, and to a given size.

#include <fmt/format.h>

#include <algorithm>

#include "import/keras/layer_library.h"
#include "import/keras/layers/windows.h"

namespace slipway::import::keras {

namespace {

using graph::IntAttribute;
using graph::ValueId;
using Outputs = Result<std::vector<TensorId>>;

enum class Kind { kMax, kAverage };

template <std::size_t kAxes, Kind kKind>
Outputs Pooling(LayerCall& call) {
  call.inputs[0] = call.builder.AsFloat(call.inputs[0]);
  SLIPWAY_TRY(const Window window, ReadWindow(call, kAxes, "pool_size"));
  const std::vector<std::int64_t> in = SpatialSizes(window, call.input());
  Attributes attributes = WindowAttributes(window, in);
  if (kKind == Kind::kAverage) attributes.push_back(IntAttribute("count_include_pad", 0));
  const ValueId y = call.builder.Emit(kKind == Kind::kMax ? "MaxPool" : "AveragePool",
                                      {call.builder.In(call.inputs[0], LayoutFor(window))},
                                      std::move(attributes));
  return std::vector{
      call.builder.Add(y, LayoutFor(window),
                       ShapeOf(window, call.input().shape[0], WindowOutput(window, in),
                               ChannelsOf(window, call.input())))};
}

/// The average of the steps that the mask lets count.
Outputs MaskedAverage(LayerCall& call, TensorId mask) {
  GraphBuilder& b = call.builder;
  const ValueId last = b.Int64s(std::vector<std::int64_t>{-1});
  const ValueId time = b.Int64s(std::vector<std::int64_t>{1});
  const ValueId weights = b.Emit("Unsqueeze", {b.InKeras(b.CastTo(mask, DType::kF32)), last});
  const bool keep = BoolOr(call.config(), "keepdims", false);
  const auto sum = [&](ValueId value) {
    return b.Emit("ReduceSum", {value, time}, {IntAttribute("keepdims", keep ? 1 : 0)});
  };
  const ValueId total = sum(b.Emit("Mul", {b.InKeras(call.inputs[0]), weights}));
  std::vector<std::int64_t> shape{call.input().shape[0], call.input().shape[2]};
  if (keep) shape.insert(shape.begin() + 1, 1);
  return std::vector{b.Add(b.Emit("Div", {total, sum(weights)}), Layout::kKeras, shape)};
}

template <std::size_t kAxes, Kind kKind>
Outputs GlobalPooling(LayerCall& call) {
  GraphBuilder& b = call.builder;
  call.inputs[0] = b.AsFloat(call.inputs[0]);
  const Tensor x = call.input();
  if (x.rank() != static_cast<std::int64_t>(kAxes) + 2) {
    return call.Broken(fmt::format("its input has {} axes, expected {}", x.rank(), kAxes + 2));
  }
  const auto mask = call.Mask();
  const bool channels_last =
      TextOr(call.config(), "data_format", "channels_last") != "channels_first";
  if (kAxes == 1 && kKind == Kind::kAverage && mask && channels_last) {
    return MaskedAverage(call, *mask);
  }
  const bool keep = BoolOr(call.config(), "keepdims", false);
  const Layout layout = channels_last ? b.LayoutOf(call.inputs[0]) : Layout::kKeras;
  // Held channels first, or given so: the channels stand at axis 1.
  const bool first = !channels_last || layout == Layout::kChannelsFirst;
  const std::int64_t channels = channels_last ? x.shape.back() : x.shape[1];
  const ValueId value = b.In(call.inputs[0], layout);
  if (first && !keep) {
    const ValueId pooled =
        b.Emit(kKind == Kind::kMax ? "GlobalMaxPool" : "GlobalAveragePool", {value});
    return std::vector{b.Add(b.Emit("Flatten", {pooled}), Layout::kKeras, {x.shape[0], channels})};
  }
  std::vector<std::int64_t> axes;
  for (std::int64_t axis = 0; axis < static_cast<std::int64_t>(kAxes); ++axis) {
    axes.push_back(axis + (first ? 2 : 1));
  }
  const ValueId y = b.Emit(kKind == Kind::kMax ? "ReduceMax" : "ReduceMean",
                           {value, b.Int64s(axes)}, {IntAttribute("keepdims", keep ? 1 : 0)});
  std::vector<std::int64_t> shape{x.shape[0], channels};
  if (keep) shape.insert(shape.begin() + (channels_last ? 1 : 2), kAxes, 1);
  return std::vector{b.Add(y, keep ? layout : Layout::kKeras, std::move(shape))};
}

/// Pools one axis of a value to `size` bins: bin i covers floor(i * n / size) up to
/// ceil((i + 1) * n / size), as PyTorch does, whose rule Keras follows.
ValueId AdaptAxis(GraphBuilder& b, ValueId value, Kind kind, std::int64_t axis, std::int64_t n,
                  std::int64_t size) {
  std::vector<ValueId> bins;
  const ValueId along = b.Int64s(std::vector<std::int64_t>{axis});
  for (std::int64_t bin = 0; bin < size; ++bin) {
    const ValueId begin = b.Int64s(std::vector<std::int64_t>{bin * n / size});
    const ValueId end = b.Int64s(std::vector<std::int64_t>{((bin + 1) * n + size - 1) / size});
    const ValueId part = b.Emit("Slice", {value, begin, end, along});
    bins.push_back(b.Emit(kind == Kind::kMax ? "ReduceMax" : "ReduceMean", {part, along}));
  }
  return b.Emit("Concat", std::move(bins), {IntAttribute("axis", axis)});
}

template <std::size_t kAxes, Kind kKind>
Outputs AdaptivePooling(LayerCall& call) {
  GraphBuilder& b = call.builder;
  call.inputs[0] = b.AsFloat(call.inputs[0]);
  auto sizes = IntsIn(Field(call.config(), "output_size"));
  if (sizes && sizes->size() == 1) sizes->resize(kAxes, sizes->front());
  std::vector<std::int64_t> shape = call.input().shape;
  if (!sizes || sizes->size() != kAxes || shape.size() != kAxes + 2) {
    return call.Broken("its output_size does not fit its input");
  }
  const bool channels_last =
      TextOr(call.config(), "data_format", "channels_last") != "channels_first";
  ValueId value = b.InKeras(call.inputs[0]);
  for (std::size_t i = 0; i < kAxes; ++i) {
    const std::size_t axis = i + (channels_last ? 1 : 2);
    if (shape[axis] <= 0 || (*sizes)[i] <= 0 || (*sizes)[i] > 4096) {
      return call.Unsupported("adaptive pooling of an axis of unknown size");
    }
    value = AdaptAxis(b, value, kKind, static_cast<std::int64_t>(axis), shape[axis], (*sizes)[i]);
    shape[axis] = (*sizes)[i];
  }
  return std::vector{b.Add(value, Layout::kKeras, std::move(shape))};
}

constexpr LayerRow kRows[] = {
    {"MaxPooling1D", Pooling<1, Kind::kMax>},
    {"MaxPooling2D", Pooling<2, Kind::kMax>},
    {"MaxPooling3D", Pooling<3, Kind::kMax>},
    {"AveragePooling1D", Pooling<1, Kind::kAverage>},
    {"AveragePooling2D", Pooling<2, Kind::kAverage>},
    {"AveragePooling3D", Pooling<3, Kind::kAverage>},
    {"GlobalMaxPooling1D", GlobalPooling<1, Kind::kMax>},
    {"GlobalMaxPooling2D", GlobalPooling<2, Kind::kMax>},
    {"GlobalMaxPooling3D", GlobalPooling<3, Kind::kMax>},
    {"GlobalAveragePooling1D", GlobalPooling<1, Kind::kAverage>},
    {"GlobalAveragePooling2D", GlobalPooling<2, Kind::kAverage>},
    {"GlobalAveragePooling3D", GlobalPooling<3, Kind::kAverage>},
    {"AdaptiveMaxPooling1D", AdaptivePooling<1, Kind::kMax>},
    {"AdaptiveMaxPooling2D", AdaptivePooling<2, Kind::kMax>},
    {"AdaptiveMaxPooling3D", AdaptivePooling<3, Kind::kMax>},
    {"AdaptiveAveragePooling1D", AdaptivePooling<1, Kind::kAverage>},
    {"AdaptiveAveragePooling2D", AdaptivePooling<2, Kind::kAverage>},
    {"AdaptiveAveragePooling3D", AdaptivePooling<3, Kind::kAverage>},
};

}  // namespace

std::span<const LayerRow> PoolingLayers() { return kRows; }

}  // namespace slipway::import::keras
