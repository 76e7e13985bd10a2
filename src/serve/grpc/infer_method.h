#pragma once

#include <cstddef>
#include <span>

#include "base/status.h"
#include "serve/grpc/grpc_api.h"
#include "serve/grpc/infer_message.h"
#include "serve/predict/predictor.h"

namespace slipway::serve::grpc {

/// What both ways of inferring share: decodes `bytes` into `message`, for the model that `target`
/// names. Deadline, keeper and the rest are the caller's. `bytes` and `message` outlive the
/// request.
Result<InferRequest> DecodeInference(const GrpcApiParts& parts, const InferTarget& target,
                                     std::span<const std::byte> bytes, InferMessage& message);

}  // namespace slipway::serve::grpc
