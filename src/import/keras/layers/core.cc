// Dense, Embedding and the layers that pass their input on.

#include <fmt/format.h>

#include <array>

#include "import/keras/layer_library.h"

namespace slipway::import::keras {

namespace {

using graph::ValueId;
using Outputs = Result<std::vector<TensorId>>;

std::vector<WeightSlot> DenseSlots(const SavedLayer& layer) {
  std::vector<WeightSlot> slots = Slots({"kernel"});
  if (BoolOr(layer.config, "use_bias", true)) slots = Slots({"kernel", "bias"});
  if (IntOr(layer.config, "lora_rank", 0) <= 0) return slots;
  // LoRA freezes the kernel and keeps its two factors beside it in .h5 files; .keras files hold the
  // product added to the kernel.
  slots.front().trainable = false;
  slots.push_back({.name = "lora_a", .paths = {}});
  slots.push_back({.name = "lora_b", .paths = {}});
  return slots;
}

/// kernel + scale * a b.
Result<ValueId> MergeLora(LayerCall& call, std::span<const std::int64_t> dims) {
  const std::int64_t rank = IntOr(call.config(), "lora_rank", 1);
  const std::array<std::int64_t, 2> a_dims{dims[0], rank};
  const std::array<std::int64_t, 2> b_dims{rank, dims[1]};
  SLIPWAY_TRY(const WeightArray kernel, call.Load("kernel", dims));
  SLIPWAY_TRY(const WeightArray a, call.Load("lora_a", a_dims));
  SLIPWAY_TRY(const WeightArray b, call.Load("lora_b", b_dims));
  std::vector<float> merged = ToFloats(kernel);
  const std::vector<float> left = ToFloats(a);
  const std::vector<float> right = ToFloats(b);
  const double scale =
      NumberOr(call.config(), "lora_alpha", static_cast<double>(rank)) / static_cast<double>(rank);
  const auto columns = static_cast<std::size_t>(dims[1]);
  for (std::size_t row = 0; row * columns < merged.size(); ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      double sum = 0;
      for (std::size_t k = 0; k < static_cast<std::size_t>(rank); ++k) {
        sum += double{left[row * static_cast<std::size_t>(rank) + k]} * right[k * columns + column];
      }
      merged[row * columns + column] += static_cast<float>(scale * sum);
    }
  }
  return call.Put("kernel", {dims.begin(), dims.end()}, std::move(merged));
}

/// The kernel for an image that was flattened while it stood channels first: its rows follow.
Result<ValueId> KernelForFlattened(LayerCall& call, const std::vector<std::int64_t>& image,
                                   std::int64_t units) {
  const std::string name = call.path + "/kernel_channels_first";
  if (const auto known = call.builder.FindConstant(name)) return *known;
  std::int64_t rows = 1;
  for (const std::int64_t size : image) rows *= size;
  const std::array<std::int64_t, 2> dims{rows, units};
  SLIPWAY_TRY(const WeightArray kernel, call.Load("kernel", dims));
  std::vector<std::int64_t> unfolded = image;
  unfolded.push_back(units);
  const auto last = static_cast<std::int64_t>(image.size());
  std::vector<std::int64_t> order{last - 1};
  for (std::int64_t axis = 0; axis + 1 < last; ++axis) order.push_back(axis);
  order.push_back(last);
  return call.builder.Constant(name, {dims.begin(), dims.end()},
                               graph::Bytes(PermuteFloats(kernel.floats.view(), unfolded, order)));
}

Result<TensorId> MultiplyByKernel(LayerCall& call, TensorId x, std::int64_t units) {
  GraphBuilder& builder = call.builder;
  std::vector<std::int64_t> shape = builder.at(x).shape;
  const std::array<std::int64_t, 2> dims{shape.back(), units};
  const bool lora = call.HasWeight("lora_a");
  const bool flattened = builder.at(x).rank() == 2 && !builder.at(x).Has(Layout::kKeras) && !lora;
  ValueId input = builder.Native(x);
  if (!flattened) input = builder.InKeras(x);
  Result<ValueId> kernel = lora ? MergeLora(call, dims)
                           : flattened
                               ? KernelForFlattened(call, builder.at(x).flattened_from, units)
                               : call.Weight("kernel", dims);
  if (!kernel.ok()) return std::move(kernel).status();
  shape.back() = units;
  std::optional<ValueId> bias;
  if (BoolOr(call.config(), "use_bias", true)) {
    SLIPWAY_TRY(bias, call.Weight("bias", std::span(&units, 1)));
  }
  ValueId product;
  if (shape.size() == 2) {
    std::vector<ValueId> operands{input, *kernel};
    if (bias) operands.push_back(*bias);
    product = builder.Emit("Gemm", std::move(operands));
  } else {
    product = builder.Emit("MatMul", {input, *kernel});
    if (bias) product = builder.Emit("Add", {product, *bias});
  }
  return builder.Add(product, Layout::kKeras, std::move(shape));
}

Outputs Dense(LayerCall& call) {
  const TensorId x = call.builder.AsFloat(call.inputs[0]);
  const std::int64_t units = IntOr(call.config(), "units", 0);
  if (call.builder.at(x).rank() < 2 || call.builder.at(x).shape.back() <= 0 || units <= 0) {
    return call.Broken("its input has no last dimension of known size");
  }
  if (!Field(call.config(), "quantization_config").is_null()) {
    return call.Unsupported("the weights are quantized; save the model before quantizing it");
  }
  SLIPWAY_TRY(const TensorId product, MultiplyByKernel(call, x, units));
  call.builder.SetMask(product, call.Mask());
  SLIPWAY_TRY(const TensorId y, Activate(call, product, Field(call.config(), "activation")));
  return std::vector{y};
}

std::vector<WeightSlot> EinsumDenseSlots(const SavedLayer& layer) {
  return Field(layer.config, "bias_axes").is_string() ? Slots({"kernel", "bias"})
                                                      : Slots({"kernel"});
}

/// The size of each axis letter: of "abc,cd->abd" with [N,6,4] and [4,5], d is 5.
Result<std::vector<std::int64_t>> EinsumShape(LayerCall& call, std::string equation,
                                              const std::vector<std::int64_t>& x,
                                              const std::vector<std::int64_t>& kernel) {
  const std::size_t comma = equation.find(',');
  const std::size_t arrow = equation.find("->");
  if (comma == std::string::npos || arrow == std::string::npos || comma > arrow) {
    return call.Broken("its equation is not understood");
  }
  const std::string left = equation.substr(0, comma);
  const std::string right = equation.substr(comma + 1, arrow - comma - 1);
  const std::string result = equation.substr(arrow + 2);
  if (left.size() != x.size() || right.size() != kernel.size()) {
    return call.Broken("its equation does not fit its input");
  }
  std::map<char, std::int64_t> sizes;
  for (std::size_t i = 0; i < left.size(); ++i) sizes[left[i]] = x[i];
  for (std::size_t i = 0; i < right.size(); ++i) sizes[right[i]] = kernel[i];
  std::vector<std::int64_t> shape;
  for (const char axis : result) {
    if (!sizes.contains(axis)) return call.Broken("its equation is not understood");
    shape.push_back(sizes[axis]);
  }
  return shape;
}

/// "...x,xy->...y" with the dots spelled out for this rank, in letters the equation does not use.
std::string SpellDots(std::string equation, std::int64_t rank) {
  const std::size_t comma = equation.find(',');
  std::size_t dots = equation.find("...");
  if (dots == std::string::npos || comma == std::string::npos) return equation;
  const auto named = static_cast<std::int64_t>(comma) - 3;
  std::string letters;
  for (char letter = 'A'; static_cast<std::int64_t>(letters.size()) < rank - named; ++letter) {
    letters += letter;
  }
  for (; dots != std::string::npos; dots = equation.find("...")) equation.replace(dots, 3, letters);
  return equation;
}

/// The bias as a shape that broadcasts against the output: ones where it has no axis.
std::vector<std::int64_t> BiasShape(const std::string& equation, const std::string& axes,
                                    const std::vector<std::int64_t>& shape) {
  const std::string result = equation.substr(equation.find("->") + 2);
  std::vector<std::int64_t> dims;
  for (std::size_t i = 0; i < result.size(); ++i) {
    dims.push_back(axes.find(result[i]) == std::string::npos ? 1 : shape[i]);
  }
  return dims;
}

Outputs EinsumDense(LayerCall& call) {
  GraphBuilder& builder = call.builder;
  const TensorId x = builder.AsFloat(call.inputs[0]);
  const std::string equation =
      SpellDots(TextOr(call.config(), "equation", ""), builder.at(x).rank());
  const auto stored = call.layer.weights.find("kernel");
  if (stored == call.layer.weights.end()) return call.Broken("the file holds no weight \"kernel\"");
  const std::vector<std::int64_t> kernel_dims = stored->second->dims;
  SLIPWAY_TRY(std::vector<std::int64_t> shape,
              EinsumShape(call, equation, builder.at(x).shape, kernel_dims));
  SLIPWAY_TRY(const ValueId kernel, call.Weight("kernel", kernel_dims));
  ValueId y = builder.Emit("Einsum", {builder.InKeras(x), kernel},
                           {graph::StringAttribute("equation", equation)});
  const std::string bias_axes = TextOr(call.config(), "bias_axes", "");
  if (!bias_axes.empty()) {
    const std::vector<std::int64_t> bias_dims = BiasShape(equation, bias_axes, shape);
    SLIPWAY_TRY(const WeightArray bias, call.Load("bias", call.layer.weights.at("bias")->dims));
    SLIPWAY_TRY(const ValueId value, call.Put("bias", bias_dims, ToFloats(bias)));
    y = builder.Emit("Add", {y, value});
  }
  const TensorId sum = builder.Add(y, Layout::kKeras, std::move(shape));
  SLIPWAY_TRY(const TensorId output, Activate(call, sum, Field(call.config(), "activation")));
  return std::vector{output};
}

std::vector<WeightSlot> EmbeddingSlots(const SavedLayer&) { return Slots({"embeddings"}); }

TensorId Ids(LayerCall& call) {
  const DType dtype = call.input().dtype;
  if (dtype == DType::kI32 || dtype == DType::kI64) return call.inputs[0];
  return call.builder.CastTo(call.inputs[0], DType::kI32);
}

/// True where the id is not 0.
TensorId MaskOfIds(GraphBuilder& builder, TensorId ids) {
  const ValueId wide = builder.InKeras(builder.CastTo(ids, DType::kI64));
  const ValueId zero = builder.Int64s({}, std::array<std::int64_t, 1>{0});
  const ValueId equal = builder.Emit("Equal", {wide, zero});
  return builder.Add(builder.Emit("Not", {equal}), Layout::kKeras, builder.at(ids).shape,
                     DType::kBool);
}

Outputs Embedding(LayerCall& call) {
  GraphBuilder& builder = call.builder;
  const std::array<std::int64_t, 2> dims{IntOr(call.config(), "input_dim", -1),
                                         IntOr(call.config(), "output_dim", -1)};
  const TensorId ids = Ids(call);
  SLIPWAY_TRY(const ValueId table, call.Weight("embeddings", dims));
  std::vector<std::int64_t> shape = builder.at(ids).shape;
  shape.push_back(dims[1]);
  const TensorId y = builder.Add(builder.Emit("Gather", {table, builder.InKeras(ids)}),
                                 Layout::kKeras, std::move(shape));
  if (BoolOr(call.config(), "mask_zero", false)) builder.SetMask(y, MaskOfIds(builder, ids));
  return std::vector{y};
}

std::vector<WeightSlot> ReversibleEmbeddingSlots(const SavedLayer& layer) {
  return BoolOr(layer.config, "tie_weights", true) ? Slots({"embeddings"})
                                                   : Slots({"embeddings", "reverse_embeddings"});
}

Outputs ReversibleEmbedding(LayerCall& call) {
  if (!call.Literal("reverse").is_boolean() || !call.Literal("reverse").get<bool>()) {
    return Embedding(call);
  }
  GraphBuilder& builder = call.builder;
  const std::array<std::int64_t, 2> dims{IntOr(call.config(), "input_dim", -1),
                                         IntOr(call.config(), "output_dim", -1)};
  const std::array<std::int64_t, 2> turned_dims{dims[1], dims[0]};
  const bool tied = BoolOr(call.config(), "tie_weights", true);
  SLIPWAY_TRY(ValueId table, tied ? call.Weight("embeddings", dims)
                                  : call.Weight("reverse_embeddings", turned_dims));
  if (tied) table = builder.Emit("Transpose", {table}, {graph::IntsAttribute("perm", {1, 0})});
  std::vector<std::int64_t> shape = call.input().shape;
  shape.back() = dims[0];
  const ValueId y = builder.Emit("MatMul", {builder.InKeras(call.inputs[0]), table});
  return std::vector{builder.Add(y, Layout::kKeras, std::move(shape))};
}

Outputs PassOn(LayerCall& call) { return std::vector{call.inputs[0]}; }

/// Steps whose features all equal mask_value do not count, and become zeros.
Outputs Masking(LayerCall& call) {
  GraphBuilder& builder = call.builder;
  const TensorId x = builder.AsFloat(call.inputs[0]);
  const ValueId value = builder.InKeras(x);
  const auto skipped = static_cast<float>(NumberOr(call.config(), "mask_value", 0));
  const ValueId equal = builder.Emit("Equal", {value, builder.Scalar(skipped)});
  const ValueId differs =
      builder.Emit("Cast", {builder.Emit("Not", {equal})},
                   {graph::IntAttribute("to", static_cast<std::int64_t>(DType::kF32))});
  const ValueId last = builder.Int64s(std::vector<std::int64_t>{-1});
  const ValueId counts = builder.Emit("ReduceMax", {differs, last});  // keeps the axis
  const ValueId masked = builder.Emit("Mul", {value, counts});
  std::vector<std::int64_t> shape = builder.at(x).shape;
  shape.pop_back();
  const ValueId mask =
      builder.Emit("Cast", {builder.Emit("Squeeze", {counts, last})},
                   {graph::IntAttribute("to", static_cast<std::int64_t>(DType::kBool))});
  const TensorId y = builder.AddLike(masked, Layout::kKeras, x);
  builder.SetMask(y, builder.Add(mask, Layout::kKeras, std::move(shape), DType::kBool));
  return std::vector{y};
}

constexpr LayerRow kRows[] = {
    {"Dense", Dense, DenseSlots},
    {"EinsumDense", EinsumDense, EinsumDenseSlots},
    {"Embedding", Embedding, EmbeddingSlots},
    {"ReversibleEmbedding", ReversibleEmbedding, ReversibleEmbeddingSlots},
    {"Masking", Masking},
    {"Identity", PassOn},
    {"Dropout", PassOn, nullptr, true},
    {"AlphaDropout", PassOn, nullptr, true},
    {"GaussianDropout", PassOn, nullptr, true},
    {"GaussianNoise", PassOn, nullptr, true},
    {"SpatialDropout1D", PassOn, nullptr, true},
    {"SpatialDropout2D", PassOn, nullptr, true},
    {"SpatialDropout3D", PassOn, nullptr, true},
    {"ActivityRegularization", PassOn, nullptr, true},
};

}  // namespace

std::span<const LayerRow> CoreLayers() { return kRows; }

}  // namespace slipway::import::keras
