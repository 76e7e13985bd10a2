#pragma once

#include "serve/http/api_call.h"

namespace slipway::serve::v2 {

// The routes of the Open Inference protocol. Each answers its call once.

void Live(const ApiCall& call);
void Ready(const ApiCall& call);
void ServerMetadata(const ApiCall& call);
void ModelNames(const ApiCall& call);
void ModelMetadata(const ApiCall& call);
void ModelReady(const ApiCall& call);
void ModelConfig(const ApiCall& call);
void AllStatistics(const ApiCall& call);
void Statistics(const ApiCall& call);
void Infer(const ApiCall& call);

/// The value of Inference-Header-Content-Length, absent without one. InvalidArgument: twice, not
/// digits, or more than the body is announced to have.
Result<std::optional<std::uint64_t>> JsonBytes(const net::RequestHead& head);

}  // namespace slipway::serve::v2
