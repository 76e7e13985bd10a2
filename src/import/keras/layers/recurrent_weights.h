#pragma once

#include <optional>
#include <string_view>

#include "import/keras/layer_call.h"

namespace slipway::import::keras {

enum class CellKind : std::uint8_t { kSimple, kGru, kLstm };

/// The kind behind "LSTM", "LSTMCell", ...
std::optional<CellKind> CellKindOf(std::string_view class_name);
/// "RNN", "GRU", "LSTM".
std::string_view OperatorOf(CellKind kind);
std::int64_t GatesOf(CellKind kind);

/// The operands W, R and B of ONNX's recurrent operators; B is kNoValue without biases.
struct RecurrentWeights {
  graph::ValueId w;
  graph::ValueId r;
  graph::ValueId b;
};

/// From Keras's (features, gates * units) to ONNX's (1, gates * units, features), the gates of an
/// LSTM from i, f, c, o to i, o, f, c.
Result<RecurrentWeights> LoadRecurrentWeights(const LayerCall& cell, CellKind kind,
                                              std::int64_t features);

}  // namespace slipway::import::keras
