#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/status.h"

namespace slipway::serve {

/// What one loaded model takes.
struct MemoryNeed {
  std::uint64_t own_bytes = 0;
  std::string shared_key;          ///< whoever has the same shares `shared_bytes`; "": nobody
  std::uint64_t shared_bytes = 0;  ///< of mapped files: counted once for all who share them
};

/// Who holds how much of the memory that models may have. A load has it before it begins, by what
/// it is expected to take, and then by what it was measured to take. Not thread-safe.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t limit) : limit_(limit) {}  ///< 0: any

  /// ResourceExhausted (kMemoryBudget) with what it needs and what is left; nothing changes then.
  Status Reserve(std::uint64_t load, const MemoryNeed& need);
  /// How much more than is left that would take; 0: it fits.
  std::uint64_t Missing(const MemoryNeed& need) const;
  /// What that load takes in truth, which may pass the limit: it is there.
  void Settle(std::uint64_t load, const MemoryNeed& measured);
  void Release(std::uint64_t load);

  std::uint64_t limit() const { return limit_; }
  std::uint64_t held() const { return held_; }

 private:
  struct Shared {
    std::uint64_t holders = 0;
    std::uint64_t bytes = 0;
  };
  std::uint64_t More(const MemoryNeed& need) const;
  std::uint64_t Left() const { return limit_ > held_ ? limit_ - held_ : 0; }
  void Add(std::uint64_t load, const MemoryNeed& need);

  const std::uint64_t limit_;
  std::uint64_t held_ = 0;
  std::map<std::uint64_t, MemoryNeed> loads_;
  std::map<std::string, Shared> shared_;
};

}  // namespace slipway::serve
