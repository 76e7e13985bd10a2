#pragma once

#include <deque>
#include <list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serve/http/tensor_builder.h"
#include "serve/predict/predictor.h"
#include "tensor/signature.h"

namespace slipway::serve::tfs {

/// A request of TensorFlow Serving's REST API, decoded. Not movable once decoded: its views point
/// into itself.
struct Request {
  std::vector<InferInput> inputs;
  bool is_row_form = false;   ///< `instances`: the answer goes by rows, too
  std::int64_t examples = 0;  ///< of classify and regress

  std::list<std::string> strings;
  std::deque<TensorBuilder> tensors;
};

/// Reads {"signature_name"?, "instances" | "inputs"}. 48 readable bytes follow `body`.
/// InvalidArgument: neither or both, another signature than serving_default, names that are not
/// exactly the inputs, values of another type. Shapes are compared with the model by the Predictor.
Status DecodePredict(std::string_view body, const Signature& signature, Request& request);

/// Reads {"signature_name"?, "context"?, "examples"}: every example has the model's inputs as
/// features, a scalar or a flat list each; features of the context belong to all of them.
Status DecodeExamples(std::string_view body, const Signature& signature, Request& request);

}  // namespace slipway::serve::tfs
