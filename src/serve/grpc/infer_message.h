#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serve/predict/predictor.h"
#include "serve/shared_memory/shared_tensors.h"
#include "tensor/signature.h"
#include "tensor/tensor.h"

namespace slipway::serve::grpc {

/// What a ModelInferRequest is for, before its model is known. Views of the message.
struct InferTarget {
  std::string_view model;
  std::string_view version;  ///< empty: the highest that is ready
  std::string_view id;       ///< not checked
  /// The client wants to be told in a message of its own that an answer was the last
  /// (triton_enable_empty_final_response); of a stream.
  bool wants_empty_final = false;
};

/// How a client wants one output.
struct RequestedOutput {
  std::string_view name;
  std::uint32_t classes = 0;         ///< not 0: the so many highest, as "value:index[:label]"
  std::optional<SharedPlace> place;  ///< present: to be written there
  std::optional<SharedRange> range;  ///< what that is, found by PlaceShared()
};

/// A ModelInferRequest, decoded. Texts and raw tensors are views of the message, which outlives
/// this; typed contents lie in the message too where their encoding is the tensor's own, otherwise
/// in `memory`. Movable only before decoding.
struct InferMessage {
  std::string_view id;
  std::vector<InferInput> inputs;  ///< those in shared memory have no bytes until PlaceShared()
  std::vector<SharedInput> shared;
  std::vector<RequestedOutput> outputs;  ///< empty: all of the model's
  std::optional<std::chrono::microseconds> timeout;
  std::uint64_t priority = 0;  ///< as InferRequest has it
  SequenceStep sequence;

  std::list<TensorBuffer> memory;
};

/// Finds the target without looking into inputs and outputs. InvalidArgument: the
/// bytes are not such a message, or have more fields than any model needs.
Result<InferTarget> ReadTarget(std::span<const std::byte> message);

/// Reads a ModelInferRequest (api/proto/inference.proto) off the wire, without protobuf: hostile
/// bytes included, allocating nothing that the message does not hold. InvalidArgument with the
/// field as place ("inputs[1].shape"). Names, types, shapes and sizes are compared with the model
/// by the Predictor; here `signature` bounds how many tensors there may be.
Status DecodeInferMessage(std::span<const std::byte> message, const Signature& signature,
                          InferMessage& request);

/// Copies a decoded request's inputs out of shared memory, at most `max_bytes`, and finds where its
/// outputs go. `regions` may be absent. What SharedInputs::Read() and FindOutputRange() say, with
/// the field as place.
Status PlaceShared(const RegionTable* regions, std::uint64_t max_bytes, InferMessage& request);

}  // namespace slipway::serve::grpc
