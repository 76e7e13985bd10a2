#pragma once

#include "base/status.h"
#include "net/http/http_types.h"
#include "serve/http/infer_request.h"
#include "serve/predict/predictor.h"

namespace slipway::serve {

/// The answer to a request of the Open Inference protocol. Binary outputs are sent from the memory
/// that the engine wrote them to; the answer keeps it. InvalidArgument: a classification of an
/// output that has no classes.
Result<net::Response> EncodeInferAnswer(const V2Request& request, InferResponse response);

}  // namespace slipway::serve
