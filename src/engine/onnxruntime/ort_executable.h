#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/engine.h"
#include "engine/onnxruntime/ort_library.h"

namespace slipway::engine {

/// One session. Numeric inputs are read where they stand and outputs written where they are wanted;
/// strings, and inputs that are not aligned for their type, are copied. A run adds under a
/// microsecond and no allocation of its own to what the library does.
class OrtExecutable final : public Executable {
 public:
  OrtExecutable(std::shared_ptr<const OrtRuntime> runtime, OrtHandle<OrtSession> session,
                Signature signature);

  const Signature& signature() const override { return signature_; }
  Status Run(std::span<const TensorView> inputs, std::span<const std::size_t> wanted,
             std::span<TensorBuffer> outputs) const override;

 private:
  std::shared_ptr<const OrtRuntime> runtime_;
  OrtHandle<OrtSession> session_;
  Signature signature_;
  std::vector<const char*> input_names_;  ///< of signature_
  std::vector<const char*> output_names_;
};

}  // namespace slipway::engine
