#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "base/clock.h"
#include "base/status.h"
#include "engine/engine.h"
#include "serve/model/memory_budget.h"
#include "serve/model/model_set.h"
#include "serve/model/residence.h"

namespace slipway::serve {

/// Which models have memory, within a budget. What does not fit takes the place of models that were
/// used longest ago and run nothing at this moment: they leave memory and come back with their next
/// run. Thread-safe; made by std::make_shared, since models may outlive their set.
class ResidentModels : public std::enable_shared_from_this<ResidentModels> {
 public:
  struct Options {
    std::uint64_t budget = 0;  ///< of bytes; 0: any
    bool pages = true;         ///< false: what does not fit is refused
  };
  ResidentModels(const Options& options, const Clock& clock)
      : options_(options), clock_(clock), budget_(options.budget) {}

  /// Memory for a load before it begins. Takes milliseconds where others leave for it, and waits
  /// for loads under way, which take less in the end than they were expected to, or may leave then.
  /// ResourceExhausted (kMemoryBudget): it does not fit, whoever leaves; nobody has left then.
  Status Reserve(std::uint64_t load, const MemoryNeed& need);
  /// That load failed, or what it loaded is gone.
  void Release(std::uint64_t load);
  ModelMemory Memory() const;

  /// Makes the model again, as it was.
  using Reload = std::function<Result<std::unique_ptr<engine::Executable>>()>;
  struct Paged {
    std::shared_ptr<const engine::Executable> executable;
    std::shared_ptr<const Residence> residence;  ///< null: it stays
  };
  /// That load has ended and takes `measured`. What it loaded is able to leave memory from now on:
  /// runs of the result say besides what the model says: Unavailable (kModelNotReady), where it
  /// cannot come back within a second. One that takes more than the whole budget, against what was
  /// expected, stays. `executable` may be null: of an ensemble.
  Paged Arrive(std::uint64_t load, const MemoryNeed& measured,
               std::shared_ptr<const engine::Executable> executable, Reload reload);

 private:
  class Page;
  class PagedExecutable;

  std::uint64_t Changes() const;
  Status BringBack(Page& page, std::optional<MonotonicTime> deadline);
  Status MakeRoomFor(std::uint64_t load, const MemoryNeed& need);
  std::shared_ptr<Page> FirstToLeave(const std::set<std::uint64_t>& tried) const;
  std::uint64_t MayBeFreed() const;
  void Leave(Page& page);
  void Forget(std::uint64_t load);

  const Options options_;
  const Clock& clock_;
  mutable std::mutex mutex_;  // guards all but the last two
  std::condition_variable changed_;
  MemoryBudget budget_;
  std::set<std::uint64_t> under_way_;                   // loads
  std::uint64_t changes_ = 0;                           // loads that ended, memory that was freed
  unsigned leaving_ = 0;                                // models that are being made to leave
  std::map<std::uint64_t, std::weak_ptr<Page>> pages_;  // by load
  std::atomic<std::uint64_t> paged_out_{0};
  std::atomic<std::uint64_t> paged_in_{0};
};

}  // namespace slipway::serve
