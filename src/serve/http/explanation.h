#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "serve/predict/predictor.h"

namespace slipway::serve {

/// Whether the query of an inference asks how it ran: `explain=1`; other keys mean nothing.
/// InvalidArgument (kRequestFieldInvalid): `explain` is neither 0 nor 1. Pure.
Result<bool> AsksForExplanation(std::string_view query);

/// Appends what it asks for as parameters of an answer, with a comma behind:
/// `"parameters":{"queue_us":120,"compute_us":800,"priority":0,"batch_rows":3,"batch_end":"full",
/// "cached":false},`
void AppendExplanation(const InferResponse& response, std::string& json);

/// The same as the value of a header Server-Timing, in milliseconds: what browsers show.
std::string ServerTiming(const InferResponse& response);

}  // namespace slipway::serve
