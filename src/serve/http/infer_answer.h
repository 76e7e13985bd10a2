#pragma once

#include "base/status.h"
#include "net/http_types.h"
#include "serve/http/infer_request.h"
#include "serve/predict/predictor.h"

namespace slipway::serve {

/// The answer to a request of the Open Inference protocol. Binary outputs are sent from the memory
/// that the engine wrote them to; the answer keeps it. InvalidArgument: a classification of an
/// output that has no classes.
Result<net::Response> EncodeInferAnswer(const V2Request& request, InferResponse response);

/// The `classes` highest values of each row as "value:index[:label]", highest first: BYTES of shape
/// [rows, classes], or [classes] of an output with one dimension.
/// InvalidArgument: strings, or no dimension.
Result<TensorBuffer> Classify(const TensorSpec& spec, const TensorView& scores,
                              std::uint32_t classes, const std::vector<std::string>* labels);

}  // namespace slipway::serve
