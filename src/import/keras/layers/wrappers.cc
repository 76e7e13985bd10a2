// Layers around another layer.

#include <fmt/format.h>

#include "import/keras/layer_library.h"

namespace slipway::import::keras {

namespace {

using graph::IntAttribute;
using graph::ValueId;
using Outputs = Result<std::vector<TensorId>>;

Outputs LowerPart(const LayerCall& call, const SavedLayer& part, TensorId x) {
  const LayerRow* row = FindLayer(part);
  if (row == nullptr) return call.Unsupported(fmt::format("a layer of class {}", part.class_name));
  LayerCall inner = call.ForPart(part, {x});
  return row->lower(inner);
}

/// (batch, time, ...) as (batch * time, ...).
TensorId JoinBatchAndTime(GraphBuilder& b, TensorId x) {
  std::vector<std::int64_t> shape = b.at(x).shape;
  const std::int64_t batch = shape[0] < 0 || shape[1] < 0 ? -1 : shape[0] * shape[1];
  shape.erase(shape.begin());
  shape[0] = -1;
  const ValueId joined = b.Emit("Reshape", {b.InKeras(x), b.Int64s(shape)});
  shape[0] = batch;
  return b.Add(joined, Layout::kKeras, shape, b.at(x).dtype);
}

/// The inverse, with batch and time of `like`.
TensorId SplitBatchAndTime(GraphBuilder& b, TensorId y, TensorId like) {
  std::vector<std::int64_t> rest(b.at(y).shape.begin() + 1, b.at(y).shape.end());
  const ValueId sizes =
      b.Emit("Shape", {b.InKeras(like)}, {IntAttribute("start", 0), IntAttribute("end", 2)});
  const ValueId shape = b.Emit("Concat", {sizes, b.Int64s(rest)}, {IntAttribute("axis", 0)});
  const ValueId split = b.Emit("Reshape", {b.InKeras(y), shape});
  rest.insert(rest.begin(), {b.at(like).shape[0], b.at(like).shape[1]});
  return b.Add(split, Layout::kKeras, rest, b.at(y).dtype);
}

Outputs TimeDistributed(LayerCall& call) {
  GraphBuilder& b = call.builder;
  const SavedLayer* part = call.layer.Part("layer");
  if (part == nullptr || call.input().rank() < 3) return call.Broken("it has no layer or no steps");
  if (part->network != nullptr) return call.Unsupported("a whole model inside");
  const TensorId x = call.inputs[0];
  std::vector<std::int64_t> features(call.input().shape.begin() + 2, call.input().shape.end());
  for (const std::int64_t size : features) {
    if (size < 0) return call.Unsupported("steps of unknown size");
  }
  const TensorId joined = JoinBatchAndTime(b, x);
  SLIPWAY_TRY(const std::vector<TensorId> made, LowerPart(call, *part, joined));
  for (const std::int64_t size : std::span(b.at(made[0]).shape).subspan(1)) {
    if (size < 0) return call.Unsupported("steps of unknown size");
  }
  const TensorId y = SplitBatchAndTime(b, made[0], x);
  b.SetMask(y, call.Mask());
  return std::vector{y};
}

std::vector<WeightSlot> SpectralSlots(const SavedLayer&) {
  return {{.name = "vector_u", .paths = {}, .trainable = false}};
}

/// At inference the kernel is used as it was saved.
Outputs SpectralNormalization(LayerCall& call) {
  const SavedLayer* part = call.layer.Part("layer");
  if (part == nullptr) return call.Broken("it has no layer");
  return LowerPart(call, *part, call.inputs[0]);
}

constexpr LayerRow kRows[] = {
    {"TimeDistributed", TimeDistributed},
    {"SpectralNormalization", SpectralNormalization, SpectralSlots},
};

}  // namespace

std::span<const LayerRow> WrapperLayers() { return kRows; }

}  // namespace slipway::import::keras
