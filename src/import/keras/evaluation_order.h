#pragma once

#include <cstddef>
#include <vector>

#include "base/status.h"
#include "import/keras/saved_network.h"

namespace slipway::import::keras {

/// Call number `call` of layer number `layer` of a network.
struct CallSite {
  std::size_t layer = 0;
  std::size_t call = 0;
};

/// Every call after those it takes its inputs from. Input layers have none. DataLoss
/// (kCorruptModelFile): calls in a circle, or an input from a call that is not there.
Result<std::vector<CallSite>> EvaluationOrder(const SavedNetwork& network);

/// Every tensor that a call takes, in its order: positional, then named.
std::vector<TensorRef> TensorsOf(const Call& call);
void AppendTensors(const Argument& argument, std::vector<TensorRef>& found);

}  // namespace slipway::import::keras
