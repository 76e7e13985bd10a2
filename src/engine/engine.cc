#include "engine/engine.h"

#include <numeric>

namespace slipway::engine {

Result<std::vector<TensorBuffer>> Executable::RunAll(std::span<const TensorView> inputs) const {
  std::vector<std::size_t> wanted(signature().outputs.size());
  std::iota(wanted.begin(), wanted.end(), std::size_t{0});
  std::vector<TensorBuffer> outputs(wanted.size());
  SLIPWAY_RETURN_IF_ERROR(Run(inputs, wanted, outputs));
  return outputs;
}

}  // namespace slipway::engine
