#pragma once

#include <optional>
#include <vector>

#include "import/keras/layer_call.h"

namespace slipway::import::keras {

/// How a recurrent layer is run over its sequence.
struct SequenceOptions {
  bool backwards = false;
  bool zero_output_for_mask = false;
  std::optional<TensorId>
      mask;  ///< bool (batch, time); any pattern, gaps and left padding included
  std::vector<TensorId> initial_states;
};

struct SequenceOutputs {
  graph::ValueId sequence;  ///< (batch, time, units)
  /// The steps stand as in the input; else last step first, which is Keras's order for backwards.
  bool in_input_order = true;
  graph::ValueId last;                 ///< (batch, units)
  std::vector<graph::ValueId> states;  ///< h, and c of an LSTM: (batch, units) each
  std::int64_t units = 0;
};

/// True for the layers and cells that ONNX has an operator for: LSTM, GRU, SimpleRNN.
bool IsRecurrentCell(std::string_view class_name);

/// Runs `cell.layer` (a layer or a cell of one of those classes) over `x` (batch, time, features)
/// by ONNX's LSTM, GRU or RNN. Under a mask the steps that count are moved together, run with their
/// number as sequence length, and moved back, so any mask gives what Keras gives.
Result<SequenceOutputs> RunRecurrent(const LayerCall& cell, TensorId x,
                                     const SequenceOptions& options);

/// `value` with its axis 1 (time) in the opposite order.
graph::ValueId FlipTime(GraphBuilder& builder, graph::ValueId value);

}  // namespace slipway::import::keras
