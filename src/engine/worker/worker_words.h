#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "engine/worker/slot_memory.h"
#include "tensor/signature.h"

namespace slipway::engine {

/// The numbers under which a worker finds its descriptors.
inline constexpr int kWorkerMemory = 3;  ///< SlotMemory; absent where it only writes
inline constexpr int kWorkerAnswer = 4;  ///< a pipe

/// What a worker is to do.
struct WorkerTask {
  enum class Kind : std::uint8_t {
    kCompile,       ///< compile `path` and run it
    kLoadCompiled,  ///< load what was compiled into `folder` and run it
    kWriteCompiled  ///< compile `path` into `folder` and end
  };
  Kind kind = Kind::kCompile;
  std::string library;  ///< the engine's
  std::string path;
  std::string folder;
  std::vector<std::string> files;  ///< ModelSource::files
  CompileOptions options;
  SlotMemoryShape memory;
};
/// As a program's arguments, paths byte by byte.
std::vector<std::string> EncodeTask(const WorkerTask& task);
/// InvalidArgument: it was started by somebody else.
Result<WorkerTask> DecodeTask(std::span<const char* const> arguments);

/// What a worker says once it is confined and ready.
struct WorkerReady {
  Signature signature;  ///< empty, of one that only writes
  bool landlock = false;
};
inline constexpr std::size_t kMaxWorkerAnswer = 4 << 20;
std::string EncodeReady(const WorkerReady& ready);
std::string EncodeLoadFailure(const Status& failure);
/// Reads what a worker wrote, which may be anything: the engine's error, or DataLoss.
Result<WorkerReady> DecodeReady(std::string_view text);

}  // namespace slipway::engine
