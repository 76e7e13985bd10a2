#include "import/keras/layers/windows.h"

#include <fmt/format.h>

#include <algorithm>

namespace slipway::import::keras {

namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 24;

/// One number stands for all axes. nullopt: not there, not positive, another count.
std::optional<std::vector<std::int64_t>> PerAxis(const Json& json, std::size_t axes,
                                                 std::int64_t otherwise) {
  auto values = IntsIn(json);
  if (!values) values = std::vector<std::int64_t>{otherwise};
  if (values->size() == 1) values->resize(axes, values->front());
  const bool valid = values->size() == axes && std::ranges::all_of(*values, [](std::int64_t value) {
                       return value > 0 && value <= kLargest;
                     });
  if (!valid) return std::nullopt;
  return values;
}

}  // namespace

Result<Window> ReadWindow(const LayerCall& call, std::size_t axes, const char* size_field) {
  const Json& config = call.config();
  if (call.input().rank() != static_cast<std::int64_t>(axes) + 2) {
    return call.Broken(
        fmt::format("its input has {} axes, expected {}", call.input().rank(), axes + 2));
  }
  const auto size = PerAxis(Field(config, size_field), axes, 0);
  const bool pooling = std::string_view(size_field) == "pool_size";
  auto strides = PerAxis(Field(config, "strides"), axes, 1);
  if (pooling && Field(config, "strides").is_null()) strides = size;
  const auto dilations = PerAxis(Field(config, "dilation_rate"), axes, 1);
  if (!size || !strides || !dilations) {
    return call.Broken("its window, strides or dilation are not positive numbers");
  }
  return Window{
      .size = *size,
      .strides = *strides,
      .dilations = *dilations,
      .padding = TextOr(config, "padding", "valid"),
      .channels_last = TextOr(config, "data_format", "channels_last") != "channels_first"};
}

std::vector<std::int64_t> SpatialSizes(const Window& window, const Tensor& tensor) {
  const auto first = tensor.shape.begin() + (window.channels_last ? 1 : 2);
  return {first, first + static_cast<std::ptrdiff_t>(window.axes())};
}

std::int64_t ChannelsOf(const Window& window, const Tensor& tensor) {
  return window.channels_last ? tensor.shape.back() : tensor.shape[1];
}

std::vector<std::int64_t> ShapeOf(const Window& window, std::int64_t batch,
                                  const std::vector<std::int64_t>& spatial, std::int64_t channels) {
  std::vector<std::int64_t> shape{batch};
  if (!window.channels_last) shape.push_back(channels);
  shape.insert(shape.end(), spatial.begin(), spatial.end());
  if (window.channels_last) shape.push_back(channels);
  return shape;
}

std::vector<std::int64_t> WindowOutput(const Window& window, const std::vector<std::int64_t>& in) {
  std::vector<std::int64_t> out;
  for (std::size_t axis = 0; axis < in.size(); ++axis) {
    const std::int64_t reach = (window.size[axis] - 1) * window.dilations[axis] + 1;
    const std::int64_t covered = window.padding == "valid" ? in[axis] - reach + 1 : in[axis];
    const std::int64_t stride = window.strides[axis];
    out.push_back(in[axis] < 0 ? -1 : std::max<std::int64_t>(0, (covered + stride - 1) / stride));
  }
  return out;
}

Attributes WindowAttributes(const Window& window, const std::vector<std::int64_t>& in) {
  Attributes attributes{graph::IntsAttribute("kernel_shape", window.size),
                        graph::IntsAttribute("strides", window.strides),
                        graph::IntsAttribute("dilations", window.dilations)};
  if (window.padding == "same" && std::ranges::any_of(in, [](std::int64_t n) { return n < 0; })) {
    attributes.push_back(graph::StringAttribute("auto_pad", "SAME_UPPER"));
    return attributes;
  }
  const std::size_t axes = window.axes();
  std::vector<std::int64_t> pads(2 * axes, 0);
  for (std::size_t axis = 0; axis < axes && window.padding != "valid"; ++axis) {
    const std::int64_t reach = (window.size[axis] - 1) * window.dilations[axis];
    if (window.padding == "causal") {
      pads[axis] = reach;
      continue;
    }
    const std::int64_t stride = window.strides[axis];
    const std::int64_t steps = (in[axis] + stride - 1) / stride;
    const std::int64_t total =
        std::max<std::int64_t>(0, (steps - 1) * stride + reach + 1 - in[axis]);
    pads[axis] = total / 2;
    pads[axes + axis] = total - total / 2;
  }
  attributes.push_back(graph::IntsAttribute("pads", pads));
  return attributes;
}

}  // namespace slipway::import::keras
