#pragma once

#include <functional>
#include <memory>

#include "base/status.h"
#include "engine/compile_cache.h"
#include "engine/engine.h"
#include "serve/model/kept_profiles.h"
#include "serve/model/memory_budget.h"
#include "serve/model/model_set.h"

namespace slipway::serve {

/// What loading uses; outlives it.
struct LoadTools {
  engine::Engine& engine;
  engine::CompileCache* cache = nullptr;  ///< null: every model is compiled anew
  unsigned intra_op_threads = 1;
  KeptProfiles profiles;
};

/// What a load is expected to take: what it took last, where that is kept, else a multiple of the
/// size of its files. Reads a small file at most.
MemoryNeed ExpectedNeed(const ModelPackage& package, const LoadTools& tools);
/// Makes a package's graph again, as LoadModel() did: for a model that left memory. Keeps the
/// package's files.
std::function<Result<std::unique_ptr<engine::Executable>>()> ReloadOf(const ModelPackage& package,
                                                                      const LoadTools& tools);
/// What a load was measured to take.
MemoryNeed MeasuredNeed(const ServedModel::Parts& parts);

/// Makes a package ready to serve: compiles it or finds it compiled, compares what the engine found
/// with what the package promises, warms it up and measures it. A model of 20 ms a run and more
/// that was found compiled has run before in this very form, and is ready without another run: what
/// was measured then is known, and its weights are in memory. Of an ensemble only the own graph, if
/// it has one: whether its models are there is the caller's to look at (CheckMembers). `progress`
/// hears each state that is reached; `tools.profiles` spares it measuring what it knows, and keeps
/// the rest. Takes milliseconds to seconds. What Engine::Compile() says, and, unless it
/// was found compiled, ModelPackage::verify; InvalidArgument (kInvalidPackage): the graph is not
/// what the manifest says; the engine's error: it does not run.
Result<ServedModel::Parts> LoadModel(ModelPackage package, const LoadTools& tools,
                                     const std::function<void(ModelState)>& progress);

/// Gives memory that was freed back to the system, and says what the process holds now, in bytes.
std::uint64_t ReturnFreedMemory();

}  // namespace slipway::serve
