#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "engine/engine.h"

namespace slipway::engine {

struct OnnxRuntimeOptions {
  /// The shared library. Empty: $SLIPWAY_ORT_LIBRARY, else lib/libonnxruntime.so beside the program
  /// or one folder above it, else what the system's loader finds.
  std::string library;
};

/// ONNX Runtime, opened at run time (releases 1.24 and later, whatever the headers were): about
/// 20 ms once a process. The library is never closed. Executables may outlive the engine. No thread
/// of it spins, and a model with one intra-op thread has no pool at all.
/// NotFound (kEngineNotFound): no library, too old, or not one; says which were tried.
Result<std::unique_ptr<Engine>> OpenOnnxRuntime(const OnnxRuntimeOptions& options);

}  // namespace slipway::engine
