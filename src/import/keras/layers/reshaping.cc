// Layers that move numbers without changing them: flatten, reshape, crop, pad, enlarge.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/checked.h"
#include "import/keras/layer_library.h"

namespace slipway::import::keras {

namespace {

using graph::FloatAttribute;
using graph::IntAttribute;
using graph::StringAttribute;
using graph::ValueId;
using Outputs = Result<std::vector<TensorId>>;

bool ChannelsLast(const LayerCall& call) {
  return TextOr(call.config(), "data_format", "channels_last") != "channels_first";
}

/// The product of sizes, -1 if one is unknown.
std::int64_t Product(std::span<const std::int64_t> sizes) {
  std::int64_t product = 1;
  for (const std::int64_t size : sizes) {
    if (size < 0) return -1;
    product = CheckedMul(product, size).value_or(-1);
    if (product < 0) return -1;
  }
  return product;
}

/// An image that is held channels first is flattened as it lies: what follows permutes its rows.
TensorId FlattenImage(GraphBuilder& b, TensorId x) {
  const Tensor tensor = b.at(x);
  const std::span sizes(tensor.shape.begin() + 1, tensor.shape.end());
  const std::int64_t count = Product(sizes);
  const bool as_it_lies =
      tensor.rank() >= 3 && count > 0 && !tensor.Has(Layout::kKeras) && sizes.size() >= 2;
  if (!as_it_lies) {
    return b.Add(b.Emit("Flatten", {b.InKeras(x)}), Layout::kKeras, {tensor.shape[0], count},
                 tensor.dtype);
  }
  const ValueId flat = b.Emit("Flatten", {b.In(x, Layout::kChannelsFirst)});
  // One channel, or one place: both orders are the same.
  const bool same_order = sizes.back() == 1 || count == sizes.back();
  const TensorId y = b.Add(flat, same_order ? Layout::kKeras : Layout::kChannelsFirst,
                           {tensor.shape[0], count}, tensor.dtype);
  if (!same_order) b.SetFlattenedFrom(y, {sizes.begin(), sizes.end()});
  return y;
}

Outputs Flatten(LayerCall& call) {
  GraphBuilder& b = call.builder;
  TensorId x = call.inputs[0];
  const Tensor& given = b.at(x);
  if (given.rank() == 1) {
    const ValueId y = b.Emit("Unsqueeze", {b.InKeras(x), b.Int64s(std::vector<std::int64_t>{1})});
    return std::vector{b.Add(y, Layout::kKeras, {given.shape[0], 1}, given.dtype)};
  }
  if (given.rank() == 2) return std::vector{x};
  if (!ChannelsLast(call)) {
    // Keras flattens (N, C, H, W) as if it were (N, H, W, C): the same memory seen so.
    std::vector<std::int64_t> shape = given.shape;
    std::rotate(shape.begin() + 1, shape.begin() + 2, shape.end());
    x = b.Add(b.InKeras(x), Layout::kChannelsFirst, std::move(shape), given.dtype);
  }
  return std::vector{FlattenImage(b, x)};
}

Outputs Reshape(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const Tensor x = call.input();
  auto target = IntsIn(Field(call.config(), "target_shape"));
  if (!target) return call.Broken("a broken target_shape");
  if (std::ranges::count(*target, -1) > 1) return call.Unsupported("more than one unknown size");
  std::vector<std::int64_t> wanted{0};
  wanted.insert(wanted.end(), target->begin(), target->end());
  std::vector<std::int64_t> shape = wanted;
  shape[0] = x.shape[0];
  const auto unknown = std::ranges::find(*target, -1);
  if (unknown != target->end()) {
    const std::int64_t all = Product(std::span(x.shape).subspan(1));
    *unknown = 1;
    const std::int64_t rest = Product(*target);
    const auto at = static_cast<std::size_t>(unknown - target->begin()) + 1;
    if (all >= 0 && rest > 0) shape[at] = all / rest;
  }
  if (shape == x.shape) return std::vector{call.inputs[0]};
  const ValueId y = b.Emit("Reshape", {b.InKeras(call.inputs[0]), b.Int64s(wanted)});
  return std::vector{b.Add(y, Layout::kKeras, std::move(shape), x.dtype)};
}

/// Keras counts the axes from 1, without the batch.
Outputs Permute(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const Tensor x = call.input();
  const auto dims = IntsIn(Field(call.config(), "dims"));
  if (!dims || static_cast<std::int64_t>(dims->size()) != x.rank() - 1) {
    return call.Broken("its dims do not fit its input");
  }
  const Layout layout = b.LayoutOf(call.inputs[0]);
  std::vector<std::int64_t> order{0};
  std::vector<std::int64_t> shape{x.shape[0]};
  for (const std::int64_t axis : *dims) {
    if (axis < 1 || axis >= x.rank()) return call.Broken("its dims do not fit its input");
    order.push_back(GraphBuilder::AxisIn(layout, x.rank(), axis));
    shape.push_back(x.shape[static_cast<std::size_t>(axis)]);
  }
  ValueId y = b.In(call.inputs[0], layout);
  if (!std::ranges::is_sorted(order)) {
    y = b.Emit("Transpose", {y}, {graph::IntsAttribute("perm", order)});
  }
  return std::vector{b.Add(y, Layout::kKeras, std::move(shape), x.dtype)};
}

Outputs RepeatVector(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const std::int64_t n = IntOr(call.config(), "n", 0);
  if (n <= 0 || call.input().rank() != 2) return call.Broken("a broken repetition");
  const ValueId one =
      b.Emit("Unsqueeze", {b.InKeras(call.inputs[0]), b.Int64s(std::vector<std::int64_t>{1})});
  const ValueId y = b.Emit("Tile", {one, b.Int64s({1, n, 1})});
  return std::vector{b.Add(y, Layout::kKeras, {call.input().shape[0], n, call.input().shape[1]},
                           call.input().dtype)};
}

/// What a layer takes from or adds to each spatial axis: before and after.
using Margins = std::vector<std::array<std::int64_t, 2>>;

/// 2, (1, 2) or ((1, 2), (3, 4)): for one axis the pair is (before, after), for more it is per
/// axis.
std::optional<Margins> ReadMargins(const Json& json, std::size_t axes) {
  const auto flat = IntsIn(json);
  Margins margins;
  if (flat && flat->size() == 1) {
    margins.assign(axes, {flat->front(), flat->front()});
  } else if (flat && axes == 1 && flat->size() == 2) {
    margins.push_back({(*flat)[0], (*flat)[1]});
  } else if (flat && flat->size() == axes) {
    for (const std::int64_t both : *flat) margins.push_back({both, both});
  } else if (json.is_array() && json.size() == axes) {
    for (const Json& item : json) {
      const auto pair = IntsIn(item);
      if (!pair || pair->size() != 2) return std::nullopt;
      margins.push_back({(*pair)[0], (*pair)[1]});
    }
  }
  const bool valid =
      margins.size() == axes && std::ranges::all_of(margins, [](const auto& margin) {
        return std::ranges::all_of(margin, [](std::int64_t n) { return n >= 0 && n < 1'000'000; });
      });
  if (!valid) return std::nullopt;
  return margins;
}

/// The first spatial axis of Keras's order.
std::size_t FirstSpatial(const LayerCall& call) { return ChannelsLast(call) ? 1 : 2; }

template <std::size_t kAxes>
Outputs ZeroPadding(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  const auto margins = ReadMargins(Field(call.config(), "padding"), kAxes);
  std::vector<std::int64_t> shape = b.at(x).shape;
  if (!margins || shape.size() != kAxes + 2) return call.Broken("a broken padding");
  const Layout layout = b.LayoutOf(x);
  std::vector<std::int64_t> pads(2 * shape.size(), 0);
  for (std::size_t i = 0; i < kAxes; ++i) {
    const std::size_t axis = FirstSpatial(call) + i;
    const auto there = static_cast<std::size_t>(
        GraphBuilder::AxisIn(layout, b.at(x).rank(), static_cast<std::int64_t>(axis)));
    pads[there] = (*margins)[i][0];
    pads[shape.size() + there] = (*margins)[i][1];
    if (shape[axis] >= 0) shape[axis] += (*margins)[i][0] + (*margins)[i][1];
  }
  const ValueId y = b.Emit("Pad", {b.In(x, layout), b.Int64s(pads)});
  return std::vector{b.Add(y, layout, std::move(shape))};
}

template <std::size_t kAxes>
Outputs Cropping(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const Tensor x = call.input();
  const auto margins = ReadMargins(Field(call.config(), "cropping"), kAxes);
  std::vector<std::int64_t> shape = x.shape;
  if (!margins || shape.size() != kAxes + 2) return call.Broken("a broken cropping");
  const Layout layout = b.LayoutOf(call.inputs[0]);
  std::vector<std::int64_t> starts, ends, axes;
  for (std::size_t i = 0; i < kAxes; ++i) {
    const std::size_t axis = FirstSpatial(call) + i;
    const auto [before, after] = (*margins)[i];
    axes.push_back(GraphBuilder::AxisIn(layout, x.rank(), static_cast<std::int64_t>(axis)));
    starts.push_back(before);
    ends.push_back(after == 0 ? std::int64_t{1} << 31 : -after);
    if (shape[axis] >= 0) shape[axis] = std::max<std::int64_t>(0, shape[axis] - before - after);
  }
  const ValueId y = b.Emit(
      "Slice", {b.In(call.inputs[0], layout), b.Int64s(starts), b.Int64s(ends), b.Int64s(axes)});
  return std::vector{b.Add(y, layout, std::move(shape), x.dtype)};
}

Attributes ResizeAttributes(const std::string& interpolation) {
  if (interpolation == "nearest") {
    return {StringAttribute("mode", "nearest"),
            StringAttribute("coordinate_transformation_mode", "asymmetric"),
            StringAttribute("nearest_mode", "floor")};
  }
  if (interpolation == "bilinear") {
    return {StringAttribute("mode", "linear"),
            StringAttribute("coordinate_transformation_mode", "half_pixel")};
  }
  if (interpolation == "bicubic") {
    return {StringAttribute("mode", "cubic"),
            StringAttribute("coordinate_transformation_mode", "half_pixel"),
            FloatAttribute("cubic_coeff_a", -0.5F), IntAttribute("exclude_outside", 1)};
  }
  return {};
}

template <std::size_t kAxes>
Outputs UpSampling(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  auto factors = IntsIn(Field(call.config(), "size"));
  if (factors && factors->size() == 1) factors->resize(kAxes, factors->front());
  std::vector<std::int64_t> shape = b.at(x).shape;
  const bool valid =
      factors && factors->size() == kAxes && shape.size() == kAxes + 2 &&
      std::ranges::all_of(*factors, [](std::int64_t n) { return n > 0 && n < 4096; });
  if (!valid) return call.Broken("a broken size");
  const std::string interpolation = TextOr(call.config(), "interpolation", "nearest");
  Attributes attributes = ResizeAttributes(interpolation);
  if (attributes.empty()) {
    return call.Unsupported(fmt::format("interpolation \"{}\"", interpolation));
  }
  const Layout layout = ChannelsLast(call) ? Layout::kChannelsFirst : Layout::kKeras;
  std::vector<float> scales(shape.size(), 1.0F);
  for (std::size_t i = 0; i < kAxes; ++i) {
    const std::size_t axis = FirstSpatial(call) + i;
    scales[2 + i] = static_cast<float>((*factors)[i]);
    if (shape[axis] >= 0) shape[axis] *= (*factors)[i];
  }
  const ValueId y = b.Emit("Resize",
                           {b.In(x, layout), graph::kNoValue,
                            b.Floats({static_cast<std::int64_t>(scales.size())}, scales)},
                           std::move(attributes));
  return std::vector{b.Add(y, layout, std::move(shape))};
}

constexpr LayerRow kRows[] = {
    {"Flatten", Flatten},
    {"Reshape", Reshape},
    {"Permute", Permute},
    {"RepeatVector", RepeatVector},
    {"ZeroPadding1D", ZeroPadding<1>},
    {"ZeroPadding2D", ZeroPadding<2>},
    {"ZeroPadding3D", ZeroPadding<3>},
    {"Cropping1D", Cropping<1>},
    {"Cropping2D", Cropping<2>},
    {"Cropping3D", Cropping<3>},
    {"UpSampling1D", UpSampling<1>},
    {"UpSampling2D", UpSampling<2>},
    {"UpSampling3D", UpSampling<3>},
};

}  // namespace

std::span<const LayerRow> ReshapingLayers() { return kRows; }

}  // namespace slipway::import::keras
