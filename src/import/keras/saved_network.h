#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "import/keras/hdf5_file.h"

namespace slipway::import::keras {

/// A value somewhere in a network: output `output` of call number `call` of a layer.
struct TensorRef {
  std::string layer;
  std::size_t call = 0;
  std::size_t output = 0;
  auto operator<=>(const TensorRef&) const = default;
};

/// What a layer is called with: a value of the network, a list of arguments, or a literal.
struct Argument {
  std::optional<TensorRef> tensor;
  std::optional<std::vector<Argument>> list;
  Json literal;  ///< when neither of the above
};

struct Call {
  std::vector<Argument> positional;
  std::map<std::string, Argument, std::less<>> named;
};

struct SavedNetwork;

/// A layer as any Keras version saved it.
struct SavedLayer {
  std::string class_name;
  std::string module;           ///< "keras.layers", "keras.src.ops.numpy"; empty in old files
  std::string registered_name;  ///< "package>Name" of a class that is not Keras's own
  std::string name;
  Json config;
  std::vector<Call> calls;                ///< one per place in the network where it is used
  std::unique_ptr<SavedNetwork> network;  ///< of a nested model
  std::vector<SavedLayer> parts;          ///< layers inside a wrapper: "layer", "cell", "cells"
  std::string attribute;                  ///< of a part: how a .keras file's path names it
  std::map<std::string, const Hdf5Dataset*, std::less<>> weights;  ///< by BindWeights()

  /// The part whose path begins with this attribute, or nullptr.
  const SavedLayer* Part(std::string_view attribute_name) const;
  bool trainable() const;
};

/// A network of layers, whether it was saved as a Sequential or a Functional model.
struct SavedNetwork {
  std::string name;
  std::vector<SavedLayer> layers;
  std::vector<TensorRef> inputs;
  std::vector<TensorRef> outputs;
  const SavedLayer* Find(std::string_view layer) const;
};

/// A saved model: what both file formats say, in one form.
struct SavedModel {
  SavedNetwork network;
  std::string format;   ///< "keras-v3", "keras-h5"
  std::string version;  ///< "3.15.1"; empty if the file does not say
  int generation = 3;   ///< 1, 2 or 3: some names mean other numbers in each
  Json loss;            ///< as compiled; null if unknown
  std::shared_ptr<const Hdf5File> weights;
};

/// The network that a model's JSON configuration describes, of any version. DataLoss
/// (kCorruptModelFile): it breaks the format; a reference to a layer that is not there; calls in a
/// circle. Unimplemented (kUnsupportedLayers): a subclassed model, whose structure is Python code.
Result<SavedNetwork> ParseNetwork(const Json& model);

/// Generation by version text: "2.21.0" is 2. Unknown is 2 in an .h5 file, where old versions wrote
/// none.
int GenerationOf(std::string_view version);

}  // namespace slipway::import::keras
