// Convolutions of one to three axes, depthwise, separable and transposed.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "import/keras/layer_library.h"
#include "import/keras/layers/windows.h"

namespace slipway::import::keras {

namespace {

using graph::IntAttribute;
using graph::IntsAttribute;
using graph::ValueId;
using Outputs = Result<std::vector<TensorId>>;

bool UsesBias(const Json& config) { return BoolOr(config, "use_bias", true); }

std::vector<WeightSlot> ConvolutionSlots(const SavedLayer& layer) {
  return UsesBias(layer.config) ? Slots({"kernel", "bias"}) : Slots({"kernel"});
}

std::vector<WeightSlot> DepthwiseSlots(const SavedLayer& layer) {
  return UsesBias(layer.config) ? Slots({"depthwise_kernel", "bias"}) : Slots({"depthwise_kernel"});
}

std::vector<WeightSlot> SeparableSlots(const SavedLayer& layer) {
  std::vector<std::string> names{"depthwise_kernel", "pointwise_kernel"};
  if (UsesBias(layer.config)) names.emplace_back("bias");
  return Slots(names);
}

/// Kernel sizes and then the two channel counts.
std::vector<std::int64_t> KernelDims(const Window& window, std::int64_t a, std::int64_t b) {
  std::vector<std::int64_t> dims = window.size;
  dims.push_back(a);
  dims.push_back(b);
  return dims;
}

/// Keras keeps (spatial..., in, out), ONNX (out, in, spatial...).
std::vector<std::int64_t> ToOutInSpatial(std::size_t axes) {
  const auto n = static_cast<std::int64_t>(axes);
  std::vector<std::int64_t> order{n + 1, n};
  for (std::int64_t axis = 0; axis < n; ++axis) order.push_back(axis);
  return order;
}

/// The convolution's own activation on what it gave.
Outputs Finish(LayerCall& call, const Window& window, ValueId y,
               const std::vector<std::int64_t>& spatial, std::int64_t channels) {
  const TensorId made = call.builder.Add(y, LayoutFor(window),
                                         ShapeOf(window, call.input().shape[0], spatial, channels));
  SLIPWAY_TRY(const TensorId output, Activate(call, made, Field(call.config(), "activation")));
  return std::vector{output};
}

Result<std::vector<ValueId>> WithBias(LayerCall& call, std::vector<ValueId> operands,
                                      std::int64_t channels) {
  if (UsesBias(call.config())) {
    SLIPWAY_TRY(const ValueId bias, call.Weight("bias", std::span(&channels, 1)));
    operands.push_back(bias);
  }
  return operands;
}

template <std::size_t kAxes>
Outputs Convolution(LayerCall& call) {
  call.inputs[0] = call.builder.AsFloat(call.inputs[0]);
  SLIPWAY_TRY(const Window window, ReadWindow(call, kAxes, "kernel_size"));
  const std::int64_t filters = IntOr(call.config(), "filters", 0);
  const std::int64_t groups = IntOr(call.config(), "groups", 1);
  const std::int64_t channels = ChannelsOf(window, call.input());
  if (filters <= 0 || groups <= 0 || channels <= 0 || channels % groups != 0) {
    return call.Broken("filters, groups and channels do not fit");
  }
  SLIPWAY_TRY(const ValueId kernel,
              call.Permuted("kernel", KernelDims(window, channels / groups, filters),
                            ToOutInSpatial(kAxes)));
  const std::vector<std::int64_t> in = SpatialSizes(window, call.input());
  Attributes attributes = WindowAttributes(window, in);
  attributes.push_back(IntAttribute("group", groups));
  const ValueId x = call.builder.In(call.inputs[0], LayoutFor(window));
  SLIPWAY_TRY(std::vector<ValueId> operands, WithBias(call, {x, kernel}, filters));
  const ValueId y = call.builder.Emit("Conv", std::move(operands), std::move(attributes));
  return Finish(call, window, y, WindowOutput(window, in), filters);
}

/// The depthwise kernel (spatial..., channels, multiplier) as (channels * multiplier, 1,
/// spatial...).
Result<ValueId> DepthwiseKernel(LayerCall& call, const Window& window, std::int64_t channels,
                                std::int64_t multiplier) {
  const std::string name = call.path + "/depthwise_kernel";
  if (const auto known = call.builder.FindConstant(name)) return *known;
  SLIPWAY_TRY(const WeightArray kernel,
              call.Load("depthwise_kernel", KernelDims(window, channels, multiplier)));
  const auto n = static_cast<std::int64_t>(window.axes());
  std::vector<std::int64_t> order{n, n + 1};
  for (std::int64_t axis = 0; axis < n; ++axis) order.push_back(axis);
  std::vector<std::int64_t> dims{channels * multiplier, 1};
  dims.insert(dims.end(), window.size.begin(), window.size.end());
  return call.builder.Constant(
      name, std::move(dims), graph::Bytes(PermuteFloats(kernel.floats.view(), kernel.dims, order)));
}

/// The depthwise convolution of the input, without bias.
struct Depthwise {
  Window window;
  std::vector<std::int64_t> in;
  std::int64_t channels = 0;  ///< of the result
  std::vector<ValueId> operands;
  Attributes attributes;
};

Result<Depthwise> PrepareDepthwise(LayerCall& call, std::size_t axes) {
  call.inputs[0] = call.builder.AsFloat(call.inputs[0]);
  SLIPWAY_TRY(Window window, ReadWindow(call, axes, "kernel_size"));
  const std::int64_t channels = ChannelsOf(window, call.input());
  const std::int64_t multiplier = IntOr(call.config(), "depth_multiplier", 1);
  if (channels <= 0 || multiplier <= 0) return call.Broken("the number of channels is not known");
  SLIPWAY_TRY(const ValueId kernel, DepthwiseKernel(call, window, channels, multiplier));
  Depthwise made{.window = std::move(window),
                 .in = {},
                 .channels = channels * multiplier,
                 .operands = {call.builder.In(call.inputs[0], LayoutFor(window)), kernel},
                 .attributes = {}};
  made.in = SpatialSizes(made.window, call.input());
  made.attributes = WindowAttributes(made.window, made.in);
  made.attributes.push_back(IntAttribute("group", channels));
  return made;
}

template <std::size_t kAxes>
Outputs DepthwiseConvolution(LayerCall& call) {
  SLIPWAY_TRY(Depthwise depthwise, PrepareDepthwise(call, kAxes));
  SLIPWAY_TRY(std::vector<ValueId> operands,
              WithBias(call, std::move(depthwise.operands), depthwise.channels));
  const ValueId y = call.builder.Emit("Conv", std::move(operands), std::move(depthwise.attributes));
  return Finish(call, depthwise.window, y, WindowOutput(depthwise.window, depthwise.in),
                depthwise.channels);
}

template <std::size_t kAxes>
Outputs SeparableConvolution(LayerCall& call) {
  SLIPWAY_TRY(Depthwise depthwise, PrepareDepthwise(call, kAxes));
  const ValueId between =
      call.builder.Emit("Conv", std::move(depthwise.operands), std::move(depthwise.attributes));
  const std::int64_t filters = IntOr(call.config(), "filters", 0);
  std::vector<std::int64_t> dims(kAxes, 1);
  dims.push_back(depthwise.channels);
  dims.push_back(filters);
  SLIPWAY_TRY(const ValueId pointwise,
              call.Permuted("pointwise_kernel", dims, ToOutInSpatial(kAxes)));
  SLIPWAY_TRY(std::vector<ValueId> operands, WithBias(call, {between, pointwise}, filters));
  const ValueId y = call.builder.Emit("Conv", std::move(operands));
  return Finish(call, depthwise.window, y, WindowOutput(depthwise.window, depthwise.in), filters);
}

/// Along one axis of a transposed convolution: the output's size, -1 if unknown, and the pads that
/// give it.
struct TransposedAxis {
  std::int64_t out = -1;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t added = 0;  ///< output_padding
};

/// Keras defines the transposed convolution as the gradient of the forward one: its SAME takes away
/// what the forward one would have padded, the smaller half first.
TransposedAxis PlanTransposed(const Window& window, std::size_t axis, std::int64_t in,
                              std::optional<std::int64_t> output_padding) {
  const std::int64_t reach = (window.size[axis] - 1) * window.dilations[axis] + 1;
  const std::int64_t stride = window.strides[axis];
  const bool same = window.padding == "same";
  // All sizes are counted from (in - 1) * stride, so an unknown input does no harm.
  std::int64_t more = same ? stride : stride + std::max<std::int64_t>(reach - stride, 0);
  if (output_padding) more = reach - (same ? 2 * (reach / 2) : 0) + *output_padding;
  TransposedAxis plan;
  if (in >= 0) plan.out = (in - 1) * stride + more;
  const std::int64_t total = std::max<std::int64_t>(0, reach - more);
  plan.begin = total / 2;
  plan.end = total - plan.begin;
  plan.added = more + total - reach;
  return plan;
}

template <std::size_t kAxes>
Outputs TransposedConvolution(LayerCall& call) {
  call.inputs[0] = call.builder.AsFloat(call.inputs[0]);
  SLIPWAY_TRY(const Window window, ReadWindow(call, kAxes, "kernel_size"));
  const std::int64_t filters = IntOr(call.config(), "filters", 0);
  const std::int64_t channels = ChannelsOf(window, call.input());
  if (filters <= 0 || channels <= 0) return call.Broken("the number of channels is not known");
  const Json& given = Field(call.config(), "output_padding");
  auto output_padding = IntsIn(given);
  if (output_padding && output_padding->size() == 1) {
    output_padding->resize(kAxes, output_padding->front());
  }
  if (output_padding && output_padding->size() != kAxes)
    return call.Broken("a broken output_padding");
  const std::vector<std::int64_t> in = SpatialSizes(window, call.input());
  std::vector<std::int64_t> spatial, pads(2 * kAxes), added;
  for (std::size_t axis = 0; axis < kAxes; ++axis) {
    const TransposedAxis plan =
        PlanTransposed(window, axis, in[axis],
                       output_padding ? std::optional((*output_padding)[axis]) : std::nullopt);
    spatial.push_back(plan.out);
    pads[axis] = plan.begin;
    pads[kAxes + axis] = plan.end;
    added.push_back(plan.added);
  }
  // Keras keeps (spatial..., out, in), ONNX (in, out, spatial...).
  SLIPWAY_TRY(const ValueId kernel, call.Permuted("kernel", KernelDims(window, filters, channels),
                                                  ToOutInSpatial(kAxes)));
  const ValueId x = call.builder.In(call.inputs[0], LayoutFor(window));
  SLIPWAY_TRY(std::vector<ValueId> operands, WithBias(call, {x, kernel}, filters));
  const ValueId y = call.builder.Emit(
      "ConvTranspose", std::move(operands),
      {IntsAttribute("kernel_shape", window.size), IntsAttribute("strides", window.strides),
       IntsAttribute("dilations", window.dilations), IntsAttribute("pads", pads),
       IntsAttribute("output_padding", added)});
  return Finish(call, window, y, spatial, filters);
}

constexpr LayerRow kRows[] = {
    {"Conv1D", Convolution<1>, ConvolutionSlots},
    {"Conv2D", Convolution<2>, ConvolutionSlots},
    {"Conv3D", Convolution<3>, ConvolutionSlots},
    {"Convolution1D", Convolution<1>, ConvolutionSlots},
    {"Convolution2D", Convolution<2>, ConvolutionSlots},
    {"Convolution3D", Convolution<3>, ConvolutionSlots},
    {"DepthwiseConv1D", DepthwiseConvolution<1>, DepthwiseSlots},
    {"DepthwiseConv2D", DepthwiseConvolution<2>, DepthwiseSlots},
    {"SeparableConv1D", SeparableConvolution<1>, SeparableSlots},
    {"SeparableConv2D", SeparableConvolution<2>, SeparableSlots},
    {"SeparableConvolution2D", SeparableConvolution<2>, SeparableSlots},
    {"Conv1DTranspose", TransposedConvolution<1>, ConvolutionSlots},
    {"Conv2DTranspose", TransposedConvolution<2>, ConvolutionSlots},
    {"Conv3DTranspose", TransposedConvolution<3>, ConvolutionSlots},
};

}  // namespace

std::span<const LayerRow> ConvolutionLayers() { return kRows; }

}  // namespace slipway::import::keras
