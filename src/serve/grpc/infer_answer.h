#pragma once

#include <memory>

#include "base/status.h"
#include "base/wire_writer.h"
#include "serve/grpc/infer_message.h"
#include "serve/grpc/message_frame.h"
#include "serve/predict/predictor.h"

namespace slipway::serve::grpc {

/// An answer as it is written, behind room for its prefix, and what it points into.
struct WrittenAnswer {
  InferResponse response;
  WireWriter message{std::string(kPrefixBytes, '\0')};
};
/// The message; parts that point into the answer keep it.
OutboundMessage InPieces(WrittenAnswer answer);

/// A ModelInferResponse. Every output is raw, as in Triton; large ones are sent from the memory
/// that the engine wrote them to, which the parts keep. InvalidArgument: a classification of an
/// output that has no classes.
Result<OutboundMessage> EncodeInferAnswer(const InferMessage& request, InferResponse response);

/// The same in a ModelStreamInferResponse; `is_final` says whether another message follows.
Result<OutboundMessage> EncodeStreamAnswer(const InferMessage& request, InferResponse response,
                                           bool is_final);
/// A ModelStreamInferResponse without outputs: the last of a request, or its error, with the id of
/// the request (clients look for it there).
OutboundMessage EmptyStreamAnswer(const InferTarget& target, const Status& error);

}  // namespace slipway::serve::grpc
