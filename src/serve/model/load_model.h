#pragma once

#include <functional>
#include <memory>

#include "base/status.h"
#include "engine/engine.h"
#include "serve/model/kept_profiles.h"
#include "serve/model/model_set.h"

namespace slipway::serve {

/// Makes a package ready to serve: compiles it, compares what the engine found with what the
/// package promises, warms it up and measures it. Of an ensemble only the own graph, if it has one:
/// whether its models are there is the caller's to look at (CheckMembers). `progress` hears each
/// state that is reached; `profiles` spares it measuring what it knows, and keeps the rest. Takes
/// milliseconds to seconds. What Engine::Compile() says; InvalidArgument (kInvalidPackage): the
/// graph is not what the manifest says; the engine's error: it does not run.
Result<ServedModel::Parts> LoadModel(ModelPackage package, engine::Engine& engine,
                                     unsigned intra_op_threads, const KeptProfiles& profiles,
                                     const std::function<void(ModelState)>& progress);

/// Gives memory that was freed back to the system, and says what the process holds now, in bytes.
std::uint64_t ReturnFreedMemory();

}  // namespace slipway::serve
