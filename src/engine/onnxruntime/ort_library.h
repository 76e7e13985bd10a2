#pragma once

#include <onnxruntime_c_api.h>

#include <memory>
#include <string>

#include "base/status.h"
#include "engine/onnxruntime/ort_memory.h"

namespace slipway::engine {

/// The opened library: its table of functions, which lives as long as the process.
struct OrtLibrary {
  const OrtApi* api = nullptr;
  std::string version;      ///< "1.31.1"
  unsigned minor = 0;       ///< 31
  std::string loaded_from;  ///< as it was opened; for logs only
  std::string file;         ///< where the system's loader found that; absolute
};

/// Opens `path`, or the first that opens of the places that OnnxRuntimeOptions::library names.
/// NotFound (kEngineNotFound).
Result<OrtLibrary> OpenOrtLibrary(const std::string& path);

/// Gives an object back to the library.
struct OrtRelease {
  const OrtApi* api = nullptr;
  void operator()(OrtStatus* object) const { api->ReleaseStatus(object); }
  void operator()(OrtEnv* object) const { api->ReleaseEnv(object); }
  void operator()(OrtSession* object) const { api->ReleaseSession(object); }
  void operator()(OrtSessionOptions* object) const { api->ReleaseSessionOptions(object); }
  void operator()(OrtMemoryInfo* object) const { api->ReleaseMemoryInfo(object); }
  void operator()(OrtTypeInfo* object) const { api->ReleaseTypeInfo(object); }
  void operator()(OrtValue* object) const { api->ReleaseValue(object); }
};
template <class T>
using OrtHandle = std::unique_ptr<T, OrtRelease>;

/// One environment for all sessions of a process, and what every run needs. Outlives its sessions.
struct OrtRuntime {
  OrtLibrary library;
  OrtHandle<OrtMemoryInfo> cpu;
  std::unique_ptr<OrtMemory> memory;
  OrtHandle<OrtEnv> env;
  OrtAllocator* allocator = nullptr;  ///< the library's own

  const OrtApi& api() const { return *library.api; }
};
Result<std::shared_ptr<const OrtRuntime>> MakeOrtRuntime(OrtLibrary library);

}  // namespace slipway::engine
