#pragma once

#include <onnxruntime_c_api.h>

#include <cstddef>
#include <cstdint>

#include "base/status.h"
#include "engine/engine.h"

namespace slipway::engine {

/// The memory that sessions run in: from the C library, aligned to 64 bytes, and charged to the run
/// that its thread is at. Registered with an environment, which must not outlive it. Thread-safe.
class OrtMemory {
 public:
  /// `cpu` outlives this object. `api_version`: of the library, whose functions are called.
  OrtMemory(const OrtMemoryInfo* cpu, std::uint32_t api_version);
  OrtMemory(const OrtMemory&) = delete;

  OrtAllocator* allocator() { return &allocator_.base; }

 private:
  struct Allocator {
    OrtAllocator base;
    const OrtMemoryInfo* cpu;
  };
  Allocator allocator_;
};

/// The bounds of the run that this thread is at, as long as this object lives. Memory is charged to
/// the thread that asks for it, which is the run's own: a model with one intra-op thread has no
/// other, and the others of a wider one compute inside operators. A request beyond a bound throws
/// std::bad_alloc into the library, which ends the run and says so.
class RunBudget {
 public:
  explicit RunBudget(const RunLimits& limits);
  RunBudget(const RunBudget&) = delete;
  ~RunBudget();

  void Charge(std::size_t bytes);
  void GiveBack(std::size_t bytes) { held_ -= bytes < held_ ? bytes : held_; }
  /// Why the run was ended: InvalidArgument (kRunMemory), DeadlineExceeded; OK: it was not.
  Status WhyEnded() const;

 private:
  const RunLimits& limits_;
  std::uint64_t held_ = 0;
  std::uint64_t asked_ = 0;  ///< in all, when a bound was passed
  unsigned until_look_ = 0;  ///< charges before the clock is read again
  bool is_late_ = false;
};

}  // namespace slipway::engine
