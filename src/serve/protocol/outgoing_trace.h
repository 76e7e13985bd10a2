#pragma once

#include <string_view>

#include "net/http/http_types.h"
#include "telemetry/trace_context.h"
#include "telemetry/trace_sampler.h"

namespace slipway::serve {

/// What requests to other servers say of the trace of the request that causes them, which is not
/// answered yet: they are children of its span where that is exported, and of its caller's where it
/// is not. A trace that begins here and is not exported says so. Where nothing is exported, the
/// caller's word is handed on. At most once for a request. `model`: that it is for.
telemetry::TraceHeaders OutgoingTrace(const net::RequestHead& head, std::string_view model,
                                      telemetry::TraceSampler& sampler);

/// The caller's word, if it is one: of a request whose span is not known before its answer.
telemetry::TraceHeaders CallersTrace(const net::RequestHead& head);

}  // namespace slipway::serve
