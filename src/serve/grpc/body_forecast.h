#pragma once

#include <cstddef>
#include <span>

#include "net/http/http_types.h"

namespace slipway::serve::grpc {

// What the first bytes of a unary call's body tell of the rest: see net::BodyPlan. Pure, hostile
// bytes included; what cannot be told is left out.

/// How long the body is: its message's prefix says so.
net::BodyForecast ForecastMessage(std::span<const std::byte> first);

/// Of a ModelInferRequest also where its first raw tensor begins, which is to be aligned: the
/// engine then reads it in place.
net::BodyForecast ForecastInfer(std::span<const std::byte> first);
/// The same of a PredictRequest of TensorFlow Serving, and the tensor_content of its first input.
net::BodyForecast ForecastPredict(std::span<const std::byte> first);

}  // namespace slipway::serve::grpc
