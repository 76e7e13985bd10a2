#pragma once

#include <boost/container/small_vector.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serve/http/tensor_builder.h"
#include "serve/predict/predictor.h"
#include "serve/shared_memory/shared_tensors.h"
#include "tensor/signature.h"
#include "tensor/tensor.h"

namespace slipway::serve {

/// How a client wants one output.
struct OutputWish {
  std::string_view name;
  bool is_binary = false;
  std::uint32_t classes = 0;         ///< not 0: the so many highest, as "value:index[:label]"
  std::optional<SharedPlace> place;  ///< present: to be written there, and never binary
  std::optional<SharedRange> range;  ///< what that is, found by PlaceShared()
};

/// A request of the Open Inference protocol, decoded. Binary tensors and plain strings are views of
/// the body, which outlives this; numbers out of JSON lie in memory of this object's. Movable only
/// before decoding: its views point into itself.
struct V2Request {
  std::optional<std::string> id;
  std::vector<InferInput> inputs;  ///< those in shared memory have no bytes until PlaceShared()
  std::vector<SharedInput> shared;
  std::vector<OutputWish> outputs;  ///< empty: all of the model's
  bool is_binary_by_default = false;
  bool wants_explanation = false;  ///< of how it ran, in the answer
  std::optional<std::chrono::microseconds> timeout;
  std::uint64_t priority = 0;  ///< as InferRequest has it
  SequenceStep sequence;

  std::list<std::string> strings;  ///< texts that had escapes
  /// One per input with `data`; never grows beyond its first room.
  boost::container::small_vector<TensorBuilder, 1> from_json;
  std::list<TensorBuffer> memory;  ///< of tensors at odd addresses, and in shared memory
};

/// Reads a body into `request`. `json_bytes` is Inference-Header-Content-Length, absent where all
/// of the body is JSON; 0: all of it is the model's one input, raw. 48 readable bytes follow
/// `body`. InvalidArgument with the JSON pointer of what is wrong. Names, types and shapes are
/// compared with the model by the Predictor; here `signature` bounds how many tensors there may be.
Status DecodeInferRequest(std::span<const std::byte> body, std::optional<std::uint64_t> json_bytes,
                          const Signature& signature, V2Request& request);

/// Copies a decoded request's inputs out of shared memory, at most `max_bytes`, and finds where its
/// outputs go. `regions` may be absent. What SharedInputs::Read() and FindOutputRange() say, with
/// the JSON pointer.
Status PlaceShared(const RegionTable* regions, std::uint64_t max_bytes, V2Request& request);

}  // namespace slipway::serve
