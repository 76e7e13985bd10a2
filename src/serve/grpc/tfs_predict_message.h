#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serve/predict/predictor.h"
#include "tensor/signature.h"
#include "tensor/tensor.h"

namespace slipway::serve::grpc {

/// A PredictRequest (api/proto/tensorflow/serving.proto), decoded, but for its ModelSpec. Texts and
/// tensors are views of the message, which outlives this, or of `memory`.
struct TfsPredictMessage {
  std::vector<InferInput> inputs;
  std::vector<std::string_view> outputs;  ///< empty: all
  std::list<TensorBuffer> memory;
};

/// Reads one off the wire, without protobuf: hostile bytes included. InvalidArgument with the input
/// as place; names, types and shapes are compared with the model by the Predictor; here `signature`
/// bounds how many there may be. `max_bytes`: see ReadTensorProto().
Status DecodePredictMessage(std::span<const std::byte> message, const Signature& signature,
                            std::uint64_t max_bytes, TfsPredictMessage& request);

}  // namespace slipway::serve::grpc
