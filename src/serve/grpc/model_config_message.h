#pragma once

#include "inference.pb.h"
#include "serve/model/model_config.h"
#include "tensor/dtype.h"

namespace slipway::serve::grpc {

inference::DataType TypeOf(DType dtype);

/// The scheduling part of Triton's ModelConfig.
void FillSchedule(const slipway::serve::ModelConfig& config, inference::ModelConfig& message);

}  // namespace slipway::serve::grpc
