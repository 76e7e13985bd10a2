#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/engine.h"
#include "engine/onnxruntime/ort_library.h"

namespace slipway::engine {

/// A value over memory that stays with its owner, who outlives it.
Status BorrowValue(const OrtRuntime& runtime, DType dtype, const Shape& shape,
                   const std::byte* data, std::size_t size, OrtValue** value);

/// The caller's weights, as values that a session reads from.
using BorrowedWeights = std::vector<OrtHandle<OrtValue>>;

/// One session. Numeric inputs are read where they stand and outputs written where they are wanted;
/// strings, and inputs that are not aligned for their type, are copied. A run adds under a
/// microsecond and no allocation of its own to what the library does.
class OrtExecutable final : public Executable {
 public:
  OrtExecutable(std::shared_ptr<const OrtRuntime> runtime, BorrowedWeights weights,
                OrtHandle<OrtSession> session, Signature signature);

  const Signature& signature() const override { return signature_; }
  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t> wanted,
             std::span<TensorBuffer> outputs, const RunLimits& limits) const override;

 private:
  std::shared_ptr<const OrtRuntime> runtime_;
  BorrowedWeights weights_;  ///< outlive the session
  OrtHandle<OrtSession> session_;
  Signature signature_;
  std::vector<const char*> input_names_;  ///< of signature_
  std::vector<const char*> output_names_;
};

}  // namespace slipway::engine
