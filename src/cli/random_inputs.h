#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "tensor/signature.h"

namespace slipway::cli {

/// Inputs that any model should take, the same for the same seed: floats uniform in [0, 1),
/// integers 0 or 1, booleans, short strings. The first free dimension is `rows`, other free ones
/// are 16.
Result<std::vector<TensorBuffer>> RandomInputs(const Signature& signature, std::int64_t rows,
                                               std::uint64_t seed);

}  // namespace slipway::cli
