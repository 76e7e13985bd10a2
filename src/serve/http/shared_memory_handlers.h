#pragma once

#include "serve/http/api_call.h"

namespace slipway::serve::shared_memory {

// The routes of Triton's system shared memory extension. Each answers its call once; without
// HttpApiParts::shared_memory all of them say SharedMemoryIsOff().

/// Of the region in the path, or of all.
void Status(const ApiCall& call);
void Register(const ApiCall& call);
/// The region in the path, or all.
void Unregister(const ApiCall& call);

}  // namespace slipway::serve::shared_memory
