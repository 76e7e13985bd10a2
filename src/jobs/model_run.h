#pragma once

#include <span>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "tensor/signature.h"
#include "tensor/tensor.h"

namespace slipway::jobs {

/// InvalidArgument (kInvalidGraph) naming the difference: `signature` is not what the engine sees,
/// by names, types or shapes.
Status CheckSignature(const engine::Executable& executable, const Signature& signature);

/// Runs the model with inputs in `signature`'s order and gives its outputs in that order, whatever
/// order the engine has. Precondition: CheckSignature().
Result<std::vector<TensorBuffer>> RunByName(const engine::Executable& executable,
                                            const Signature& signature,
                                            std::span<const TensorBuffer> inputs);

}  // namespace slipway::jobs
