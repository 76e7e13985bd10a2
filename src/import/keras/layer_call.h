#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "import/keras/config_fields.h"
#include "import/keras/graph_builder.h"
#include "import/keras/saved_network.h"

namespace slipway::import::keras {

/// A weight with its numbers: float32, row-major.
struct WeightArray {
  std::vector<std::int64_t> dims;
  graph::Bytes floats;
};

/// One use of a layer in a network, as the function that translates it sees it.
class LayerCall {
 public:
  GraphBuilder& builder;
  const SavedLayer& layer;
  const Hdf5File& file;
  int generation;    ///< of Keras: 1, 2, 3
  std::string path;  ///< "encoder/conv2d": prefix of everything this layer puts into the graph
  std::vector<TensorId> inputs;  ///< positional tensors, lists flattened
  std::map<std::string, std::vector<TensorId>, std::less<>> named;  ///< tensors given by name
  const Call* call = nullptr;                                       ///< for literals

  const Json& config() const { return layer.config; }
  const Tensor& input(std::size_t i = 0) const { return builder.at(inputs[i]); }
  /// The tensor given by that name, if exactly one is.
  std::optional<TensorId> Named(std::string_view name) const;
  /// The literal given by that name, or null.
  const Json& Literal(std::string_view name) const;
  /// The mask that holds for the first input: the one given by name, else its own.
  std::optional<TensorId> Mask() const;

  bool HasWeight(std::string_view name) const { return layer.weights.contains(name); }
  /// The weight as stored. DataLoss: there is none, or its shape is not `dims` (-1: any size).
  Result<WeightArray> Load(std::string_view name, std::span<const std::int64_t> dims) const;
  /// The same as a constant of the graph.
  Result<graph::ValueId> Weight(std::string_view name, std::span<const std::int64_t> dims) const;
  /// The same with its axes in another order.
  Result<graph::ValueId> Permuted(std::string_view name, std::span<const std::int64_t> dims,
                                  std::span<const std::int64_t> order) const;
  /// A constant that was computed: `name` tells it from others of this layer.
  Result<graph::ValueId> Put(std::string_view name, std::vector<std::int64_t> dims,
                             std::vector<float> values) const;

  /// The same call for a layer inside this one.
  LayerCall ForPart(const SavedLayer& part, std::vector<TensorId> part_inputs) const;

  /// Unimplemented (kUnsupportedLayers): an option that has no translation.
  Status Unsupported(std::string what) const;
  /// DataLoss (kCorruptModelFile): the configuration contradicts itself or the weights.
  Status Broken(std::string what) const;
};

/// The weight's numbers as a vector.
std::vector<float> ToFloats(const WeightArray& weight);

/// `values` of shape `dims` with axes in the given order, as packed bytes.
std::string PermuteFloats(std::span<const std::byte> floats, std::span<const std::int64_t> dims,
                          std::span<const std::int64_t> order);

}  // namespace slipway::import::keras
