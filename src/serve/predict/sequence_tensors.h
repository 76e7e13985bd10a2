#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "serve/model/sequence_config.h"
#include "serve/predict/predictor.h"
#include "tensor/signature.h"
#include "tensor/tensor.h"

namespace slipway::serve {

/// The inputs that tell a model where in its sequence a request stands, in the configuration's
/// order. InvalidArgument (kRequestFieldInvalid): the sequence's name is a text and the model takes
/// a number. Precondition: CheckSequences().
Result<std::vector<TensorBuffer>> MakeControls(const SequenceBatching& sequences,
                                               const Signature& signature,
                                               const SequenceStep& step);

/// The states before the first request of a sequence: zeros. ResourceExhausted: no memory.
Result<std::vector<TensorBuffer>> FirstStates(const SequenceBatching& sequences,
                                              const Signature& signature);

/// Adds controls and states to a request's inputs, and the states that come next to its outputs,
/// named after it: all that clients see where it named none. Returns how many outputs the
/// client wants.
std::size_t AddToRequest(const SequenceBatching& sequences, const Signature& signature,
                         const std::vector<TensorBuffer>& controls,
                         const std::vector<TensorBuffer>& states, InferRequest& request);

/// Takes the next states out of a response: as many outputs stay as `asked`. ResourceExhausted: no
/// memory for copies, which they are: a sequence outlives its requests, and what its model's engine
/// made.
Result<std::vector<TensorBuffer>> TakeStates(const SequenceBatching& sequences, std::size_t asked,
                                             InferResponse& response);

std::uint64_t BytesOf(const std::vector<TensorBuffer>& tensors);

}  // namespace slipway::serve
