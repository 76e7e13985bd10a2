// Preprocessing that has a meaning at inference; random augmentation has none.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/checked.h"
#include "import/keras/layer_library.h"

namespace slipway::import::keras {

namespace {

using graph::FloatAttribute;
using graph::IntAttribute;
using graph::StringAttribute;
using graph::ValueId;
using Outputs = Result<std::vector<TensorId>>;

/// x * scale + offset; a list of numbers is per channel.
Outputs Rescaling(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  const auto scale = FloatsIn(Field(call.config(), "scale"));
  const auto offset = FloatsIn(Field(call.config(), "offset")).value_or(std::vector<float>{0});
  if (!scale || scale->empty() || offset.empty()) return call.Broken("a broken scale");
  const bool per_channel = scale->size() > 1 || offset.size() > 1;
  const Layout layout = per_channel ? Layout::kKeras : b.LayoutOf(x);
  const auto numbers = [&b](const std::vector<float>& values) {
    if (values.size() == 1) return b.Scalar(values.front());
    return b.Floats({static_cast<std::int64_t>(values.size())}, values);
  };
  ValueId y = b.Emit("Mul", {b.In(x, layout), numbers(*scale)});
  const bool moves = std::ranges::any_of(offset, [](float value) { return value != 0; });
  if (moves) y = b.Emit("Add", {y, numbers(offset)});
  return std::vector{b.AddLike(y, layout, x)};
}

std::vector<WeightSlot> NormalizationSlots(const SavedLayer& layer) {
  if (!Field(layer.config, "mean").is_null()) return {};
  std::vector<WeightSlot> slots = Slots({"mean", "variance", "count"});
  for (WeightSlot& slot : slots) slot.trainable = false;
  return slots;
}

/// The statistic that the configuration gives or the file keeps.
Result<std::vector<float>> Statistic(LayerCall& call, std::string_view name) {
  if (auto given = FloatsIn(Field(call.config(), name))) return *std::move(given);
  const auto stored = call.layer.weights.find(name);
  if (stored == call.layer.weights.end()) return call.Broken("it was never adapted");
  SLIPWAY_TRY(const WeightArray weight, call.Load(name, stored->second->dims));
  return ToFloats(weight);
}

/// Ones but at the axes that have statistics of their own.
std::optional<std::vector<std::int64_t>> StatisticShape(LayerCall& call, std::size_t count) {
  const std::vector<std::int64_t>& shape = call.input().shape;
  if (count == 1) return std::vector<std::int64_t>(shape.size(), 1);
  std::vector<std::int64_t> dims(shape.size(), 1);
  for (std::int64_t axis :
       IntsIn(Field(call.config(), "axis")).value_or(std::vector<std::int64_t>{-1})) {
    if (axis < 0) axis += static_cast<std::int64_t>(shape.size());
    if (axis < 0 || axis >= static_cast<std::int64_t>(shape.size())) return std::nullopt;
    dims[static_cast<std::size_t>(axis)] = shape[static_cast<std::size_t>(axis)];
  }
  if (CheckedProduct(dims) != count) return std::nullopt;
  return dims;
}

/// (x - mean) / max(sqrt(variance), 1e-7), or its inverse.
Outputs Normalization(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  call.inputs[0] = x;
  SLIPWAY_TRY(std::vector<float> mean, Statistic(call, "mean"));
  SLIPWAY_TRY(std::vector<float> deviation, Statistic(call, "variance"));
  const auto mean_shape = StatisticShape(call, mean.size());
  const auto deviation_shape = StatisticShape(call, deviation.size());
  if (!mean_shape || !deviation_shape) return call.Broken("its statistics do not fit its input");
  for (float& value : deviation) value = std::max(std::sqrt(value), 1e-7F);
  SLIPWAY_TRY(const ValueId means, call.Put("mean", *mean_shape, std::move(mean)));
  SLIPWAY_TRY(const ValueId deviations,
              call.Put("deviation", *deviation_shape, std::move(deviation)));
  const ValueId value = b.InKeras(x);
  const ValueId y = BoolOr(call.config(), "invert", false)
                        ? b.Emit("Add", {b.Emit("Mul", {value, deviations}), means})
                        : b.Emit("Div", {b.Emit("Sub", {value, means}), deviations});
  return std::vector{b.AddLike(y, Layout::kKeras, x)};
}

Outputs PassOn(LayerCall& call) { return std::vector{call.inputs[0]}; }

/// An image of known size, channels last or first.
struct Image {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::size_t first_axis = 1;
};

std::optional<Image> ReadImage(const LayerCall& call) {
  const std::vector<std::int64_t>& shape = call.input().shape;
  if (shape.size() != 4) return std::nullopt;
  const bool last = TextOr(call.config(), "data_format", "channels_last") != "channels_first";
  const std::size_t first = last ? 1 : 2;
  if (shape[first] <= 0 || shape[first + 1] <= 0) return std::nullopt;
  return Image{shape[first], shape[first + 1], first};
}

/// A part of the image, in Keras's layout.
TensorId Crop(GraphBuilder& b, TensorId x, const Image& image, std::int64_t top, std::int64_t left,
              std::int64_t height, std::int64_t width) {
  const auto axis = static_cast<std::int64_t>(image.first_axis);
  std::vector<std::int64_t> shape = b.at(x).shape;
  shape[image.first_axis] = height;
  shape[image.first_axis + 1] = width;
  const ValueId y =
      b.Emit("Slice", {b.InKeras(x), b.Int64s({top, left}), b.Int64s({top + height, left + width}),
                       b.Int64s({axis, axis + 1})});
  return b.Add(y, Layout::kKeras, std::move(shape));
}

/// Resized to that size as TensorFlow does: half-pixel centres.
TensorId Resize(GraphBuilder& b, TensorId x, const Image& image, std::int64_t height,
                std::int64_t width, const std::string& interpolation) {
  const Layout layout = image.first_axis == 1 ? Layout::kChannelsFirst : Layout::kKeras;
  std::vector<std::int64_t> shape = b.at(x).shape;
  shape[image.first_axis] = height;
  shape[image.first_axis + 1] = width;
  Attributes attributes{StringAttribute("coordinate_transformation_mode", "half_pixel"),
                        StringAttribute("mode", interpolation == "bilinear"  ? "linear"
                                                : interpolation == "bicubic" ? "cubic"
                                                                             : "nearest")};
  if (interpolation == "nearest") {
    attributes.push_back(StringAttribute("nearest_mode", "round_prefer_ceil"));
  }
  if (interpolation == "bicubic") {
    attributes.push_back(FloatAttribute("cubic_coeff_a", -0.5F));
    attributes.push_back(IntAttribute("exclude_outside", 1));
  }
  const ValueId value = b.In(x, layout);
  const ValueId kept = b.Emit("Shape", {value}, {IntAttribute("start", 0), IntAttribute("end", 2)});
  const ValueId sizes =
      b.Emit("Concat", {kept, b.Int64s({height, width})}, {IntAttribute("axis", 0)});
  const ValueId y =
      b.Emit("Resize", {value, graph::kNoValue, graph::kNoValue, sizes}, std::move(attributes));
  return b.Add(y, layout, std::move(shape));
}

/// The largest centred part of the image with the proportions of the target.
TensorId CropToProportions(GraphBuilder& b, TensorId x, Image& image, std::int64_t height,
                           std::int64_t width) {
  const std::int64_t crop_height = std::min(image.height, image.width * height / width);
  const std::int64_t crop_width = std::min(image.width, image.height * width / height);
  const TensorId y = Crop(b, x, image, (image.height - crop_height) / 2,
                          (image.width - crop_width) / 2, crop_height, crop_width);
  image.height = crop_height;
  image.width = crop_width;
  return y;
}

Outputs Resizing(LayerCall& call) {
  GraphBuilder& b = call.builder;
  TensorId x = b.AsFloat(call.inputs[0]);
  call.inputs[0] = x;
  auto image = ReadImage(call);
  const std::int64_t height = IntOr(call.config(), "height", 0);
  const std::int64_t width = IntOr(call.config(), "width", 0);
  if (!image || height <= 0 || width <= 0)
    return call.Unsupported("resizing an image of unknown size");
  const std::string interpolation = TextOr(call.config(), "interpolation", "bilinear");
  const bool known =
      interpolation == "bilinear" || interpolation == "nearest" || interpolation == "bicubic";
  if (!known) return call.Unsupported(fmt::format("interpolation \"{}\"", interpolation));
  if (BoolOr(call.config(), "antialias", false)) return call.Unsupported("antialias=True");
  if (BoolOr(call.config(), "pad_to_aspect_ratio", false)) {
    return call.Unsupported("pad_to_aspect_ratio=True");
  }
  if (BoolOr(call.config(), "crop_to_aspect_ratio", false)) {
    x = CropToProportions(b, x, *image, height, width);
  }
  return std::vector{Resize(b, x, *image, height, width, interpolation)};
}

Outputs CenterCrop(LayerCall& call) {
  GraphBuilder& b = call.builder;
  TensorId x = b.AsFloat(call.inputs[0]);
  call.inputs[0] = x;
  auto image = ReadImage(call);
  const std::int64_t height = IntOr(call.config(), "height", 0);
  const std::int64_t width = IntOr(call.config(), "width", 0);
  if (!image || height <= 0 || width <= 0)
    return call.Unsupported("cropping an image of unknown size");
  if (image->height >= height && image->width >= width) {
    return std::vector{Crop(b, x, *image, (image->height - height) / 2, (image->width - width) / 2,
                            height, width)};
  }
  x = CropToProportions(b, x, *image, height, width);
  return std::vector{Resize(b, x, *image, height, width, "bilinear")};
}

/// One-hot rows of ids along a new last axis, added up over the axis before (count), or whether any
/// (multi_hot). A last axis of size 1 gives way to the new one.
Outputs EncodeIds(LayerCall& call, ValueId ids, const std::vector<std::int64_t>& shape,
                  std::int64_t depth, const std::string& mode) {
  GraphBuilder& b = call.builder;
  const std::array<float, 2> off_on{0.0F, 1.0F};
  const std::array<std::int64_t, 1> size{depth};
  ValueId y = b.Emit("OneHot", {ids, b.Int64s({}, size), b.Floats({2}, off_on)},
                     {IntAttribute("axis", -1)});
  std::vector<std::int64_t> out = shape;
  out.push_back(depth);
  const ValueId before_last = b.Int64s(std::vector<std::int64_t>{-2});
  if (mode == "one_hot") {
    if (shape.size() > 1 && shape.back() == 1) {
      y = b.Emit("Squeeze", {y, before_last});
      out.erase(out.end() - 2);
    }
  } else {
    y = b.Emit(mode == "count" ? "ReduceSum" : "ReduceMax", {y, before_last},
               {IntAttribute("keepdims", 0)});
    out.erase(out.end() - 2);
  }
  return std::vector{b.Add(y, Layout::kKeras, std::move(out))};
}

bool IsEncoding(const std::string& mode) {
  return mode == "one_hot" || mode == "multi_hot" || mode == "count";
}

Outputs CategoryEncoding(LayerCall& call) {
  const std::int64_t tokens = IntOr(call.config(), "num_tokens", 0);
  const std::string mode = TextOr(call.config(), "output_mode", "multi_hot");
  if (tokens <= 0 || tokens > 10'000'000) return call.Broken("a broken num_tokens");
  if (!IsEncoding(mode)) return call.Unsupported(fmt::format("output_mode \"{}\"", mode));
  const TensorId ids = call.builder.CastTo(call.inputs[0], DType::kI64);
  return EncodeIds(call, call.builder.InKeras(ids), call.builder.at(ids).shape, tokens, mode);
}

/// The bin of each number: how many boundaries are not above it.
Outputs Discretization(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const TensorId x = b.AsFloat(call.inputs[0]);
  const auto boundaries = FloatsIn(Field(call.config(), "bin_boundaries"));
  if (!boundaries || boundaries->empty())
    return call.Unsupported("boundaries that are not in its configuration");
  const auto count = static_cast<std::int64_t>(boundaries->size());
  const ValueId wide = b.Emit("Unsqueeze", {b.InKeras(x), b.Int64s(std::vector<std::int64_t>{-1})});
  const ValueId reached = b.Emit("GreaterOrEqual", {wide, b.Floats({count}, *boundaries)});
  const ValueId bin = b.Emit(
      "ReduceSum",
      {b.Emit("Cast", {reached}, {IntAttribute("to", static_cast<std::int64_t>(DType::kI64))}),
       b.Int64s(std::vector<std::int64_t>{-1})},
      {IntAttribute("keepdims", 0)});
  const std::string mode = TextOr(call.config(), "output_mode", "int");
  const std::vector<std::int64_t> shape = b.at(x).shape;
  if (mode == "int") return std::vector{b.Add(bin, Layout::kKeras, shape, DType::kI64)};
  if (!IsEncoding(mode)) return call.Unsupported(fmt::format("output_mode \"{}\"", mode));
  return EncodeIds(call, bin, shape, count + 1, mode);
}

constexpr LayerRow kRows[] = {
    {"Rescaling", Rescaling},
    {"Normalization", Normalization, NormalizationSlots},
    {"Resizing", Resizing},
    {"CenterCrop", CenterCrop},
    {"CategoryEncoding", CategoryEncoding},
    {"Discretization", Discretization},
    {"RandomFlip", PassOn, nullptr, true},
    {"RandomRotation", PassOn, nullptr, true},
    {"RandomZoom", PassOn, nullptr, true},
    {"RandomTranslation", PassOn, nullptr, true},
    {"RandomContrast", PassOn, nullptr, true},
    {"RandomBrightness", PassOn, nullptr, true},
    {"RandomShear", PassOn, nullptr, true},
    {"RandomHue", PassOn, nullptr, true},
    {"RandomSaturation", PassOn, nullptr, true},
    {"RandomColorJitter", PassOn, nullptr, true},
    {"RandomGrayscale", PassOn, nullptr, true},
    {"RandomErasing", PassOn, nullptr, true},
    {"RandomSharpness", PassOn, nullptr, true},
    {"RandomPosterization", PassOn, nullptr, true},
    {"RandomInvert", PassOn, nullptr, true},
    {"RandomGaussianBlur", PassOn, nullptr, true},
};

}  // namespace

std::span<const LayerRow> PreprocessingLayers() { return kRows; }

}  // namespace slipway::import::keras
