#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "onnx_node/case_value.h"

namespace slipway::onnx_node {

/// ONNX Runtime with everything it can take, sequences and optionals too: our own engine interface
/// carries tensors that a protocol can send, which the cases are not limited to.
class ReferenceEngine {
 public:
  static Result<std::unique_ptr<ReferenceEngine>> Open();
  ~ReferenceEngine();

  /// Loads the model, runs it once on inputs in the model's order, and gives all outputs.
  Result<std::vector<CaseValue>> Run(std::string_view model, const std::vector<CaseValue>& inputs);

 private:
  struct Library;
  explicit ReferenceEngine(std::unique_ptr<Library> library);
  std::unique_ptr<Library> library_;
};

}  // namespace slipway::onnx_node
