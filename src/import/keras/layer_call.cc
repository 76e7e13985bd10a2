#include "import/keras/layer_call.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "base/checked.h"
#include "base/error_catalogue.h"

namespace slipway::import::keras {

std::optional<TensorId> LayerCall::Named(std::string_view name) const {
  const auto found = named.find(name);
  if (found == named.end() || found->second.size() != 1) return std::nullopt;
  return found->second.front();
}

const Json& LayerCall::Literal(std::string_view name) const {
  static const Json kNull;
  if (call == nullptr) return kNull;
  const auto found = call->named.find(name);
  return found == call->named.end() ? kNull : found->second.literal;
}

std::optional<TensorId> LayerCall::Mask() const {
  if (const auto given = Named("mask")) return given;
  return inputs.empty() ? std::nullopt : input().mask;
}

Status LayerCall::Unsupported(std::string what) const {
  return Unimplemented(std::move(what)).With(errors::kUnsupportedLayers);
}

Status LayerCall::Broken(std::string what) const {
  return DataLoss(std::move(what)).With(errors::kCorruptModelFile).At("layer " + layer.name);
}

Result<WeightArray> LayerCall::Load(std::string_view name,
                                    std::span<const std::int64_t> dims) const {
  const auto found = layer.weights.find(name);
  if (found == layer.weights.end() || found->second == nullptr) {
    return Broken(fmt::format("the file holds no weight \"{}\"", name));
  }
  const Hdf5Dataset& dataset = *found->second;
  bool fits = dims.size() == dataset.dims.size();
  for (std::size_t axis = 0; fits && axis < dims.size(); ++axis) {
    fits = dims[axis] < 0 || dims[axis] == dataset.dims[axis];
  }
  if (!fits) {
    return Broken(fmt::format("weight \"{}\": expected shape [{}], the file holds [{}]", name,
                              fmt::join(dims, ","), fmt::join(dataset.dims, ",")));
  }
  SLIPWAY_TRY(graph::Bytes floats, file.ReadFloats(dataset));
  return WeightArray{.dims = dataset.dims, .floats = std::move(floats)};
}

Result<graph::ValueId> LayerCall::Weight(std::string_view name,
                                         std::span<const std::int64_t> dims) const {
  const std::string constant = fmt::format("{}/{}", path, name);
  if (const auto known = builder.FindConstant(constant)) return *known;
  SLIPWAY_TRY(WeightArray weight, Load(name, dims));
  return builder.Constant(constant, std::move(weight.dims), std::move(weight.floats));
}

Result<graph::ValueId> LayerCall::Permuted(std::string_view name,
                                           std::span<const std::int64_t> dims,
                                           std::span<const std::int64_t> order) const {
  const std::string constant = fmt::format("{}/{}", path, name);
  if (const auto known = builder.FindConstant(constant)) return *known;
  SLIPWAY_TRY(const WeightArray weight, Load(name, dims));
  std::vector<std::int64_t> permuted;
  for (const std::int64_t axis : order) {
    permuted.push_back(weight.dims[static_cast<std::size_t>(axis)]);
  }
  return builder.Constant(constant, std::move(permuted),
                          graph::Bytes(PermuteFloats(weight.floats.view(), weight.dims, order)));
}

Result<graph::ValueId> LayerCall::Put(std::string_view name, std::vector<std::int64_t> dims,
                                      std::vector<float> values) const {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return builder.Constant(fmt::format("{}/{}", path, name), std::move(dims),
                          graph::Bytes(std::move(bytes)));
}

LayerCall LayerCall::ForPart(const SavedLayer& part, std::vector<TensorId> part_inputs) const {
  return {.builder = builder,
          .layer = part,
          .file = file,
          .generation = generation,
          .path = path + "/" + part.name,
          .inputs = std::move(part_inputs),
          .named = {},
          .call = nullptr};
}

std::vector<float> ToFloats(const WeightArray& weight) {
  std::vector<float> values(weight.floats.size() / sizeof(float));
  if (!values.empty()) {
    std::memcpy(values.data(), weight.floats.view().data(), values.size() * sizeof(float));
  }
  return values;
}

std::string PermuteFloats(std::span<const std::byte> floats, std::span<const std::int64_t> dims,
                          std::span<const std::int64_t> order) {
  std::string permuted(floats.size(), '\0');
  if (floats.empty() || dims.empty()) {
    if (!floats.empty()) std::memcpy(permuted.data(), floats.data(), floats.size());
    return permuted;
  }
  const std::size_t rank = dims.size();
  std::vector<std::size_t> source_strides(rank, sizeof(float));
  for (std::size_t axis = rank - 1; axis > 0; --axis) {
    source_strides[axis - 1] = source_strides[axis] * static_cast<std::size_t>(dims[axis]);
  }
  std::vector<std::size_t> sizes;
  std::vector<std::size_t> strides;
  for (const std::int64_t axis : order) {
    sizes.push_back(static_cast<std::size_t>(dims[static_cast<std::size_t>(axis)]));
    strides.push_back(source_strides[static_cast<std::size_t>(axis)]);
  }
  std::vector<std::size_t> index(rank, 0);
  const std::size_t inner = sizes.back();
  const std::size_t inner_stride = strides.back();
  std::size_t base = 0;
  for (std::size_t at = 0; at < floats.size();) {
    for (std::size_t i = 0; i < inner; ++i, at += sizeof(float)) {
      std::memcpy(permuted.data() + at, floats.data() + base + i * inner_stride, sizeof(float));
    }
    for (std::size_t axis = rank - 1; axis-- > 0;) {
      base += strides[axis];
      if (++index[axis] < sizes[axis]) break;
      base -= strides[axis] * sizes[axis];
      index[axis] = 0;
    }
  }
  return permuted;
}

}  // namespace slipway::import::keras
