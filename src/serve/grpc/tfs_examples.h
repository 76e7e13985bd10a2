#pragma once

#include <cstdint>
#include <list>
#include <vector>

#include "base/status.h"
#include "serve/predict/predictor.h"
#include "tensor/signature.h"
#include "tensor/tensor.h"

namespace tensorflow::serving {
class Input;
}  // namespace tensorflow::serving

namespace slipway::serve::grpc {

/// The examples of a Classify or Regress request as a model's inputs.
struct TfsExamples {
  std::vector<InferInput> inputs;  ///< named as in the signature, which outlives this
  std::int64_t count = 0;
  std::list<TensorBuffer> memory;
};

/// Every example, or the context of all of them, has the model's inputs as features, and nothing
/// else. InvalidArgument: no examples, a feature that is missing, unknown, of another kind, of
/// another length than in the other examples, or a number that its type does not hold.
Status DecodeExamples(const tensorflow::serving::Input& input, const Signature& signature,
                      TfsExamples& examples);

}  // namespace slipway::serve::grpc
