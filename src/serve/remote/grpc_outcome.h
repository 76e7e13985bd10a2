#pragma once

#include "base/status.h"
#include "net/client/answer_parser.h"
#include "serve/remote/remote_outcome.h"

namespace slipway::serve {

/// Reads an answer of gRPC to ModelInfer: its message, or the status that its trailers say (its
/// head, where it is nothing else). Pure.
RemoteOutcome JudgeGrpc(const RemoteCall& call, const Result<net::HttpAnswer>& answer);

}  // namespace slipway::serve
