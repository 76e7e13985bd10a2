#pragma once

#include "base/status.h"
#include "net/client/answer_parser.h"
#include "serve/remote/remote_outcome.h"

namespace slipway::serve {

/// Reads an answer of HTTP to a request of the Open Inference Protocol. Pure.
RemoteOutcome JudgeHttp(const RemoteCall& call, const Result<net::HttpAnswer>& answer);

/// What a status means that is neither 200 nor a refusal of the tensors; nullptr: nothing that this
/// knows of.
const RefusalMeaning* MeaningOfHttp(int status);

}  // namespace slipway::serve
