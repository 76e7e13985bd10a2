#pragma once

#include "base/status.h"
#include "serve/grpc/infer_message.h"
#include "serve/grpc/message_frame.h"
#include "serve/predict/predictor.h"

namespace slipway::serve::grpc {

/// A ModelInferResponse. Every output is raw, as in Triton; large ones are sent from the memory
/// that the engine wrote them to, which the parts keep. InvalidArgument: a classification of an
/// output that has no classes.
Result<OutboundMessage> EncodeInferAnswer(const InferMessage& request, InferResponse response);

}  // namespace slipway::serve::grpc
