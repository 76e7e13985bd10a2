#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>

#include "serve/batch/batch_policy.h"
#include "serve/batch/batch_profile.h"

namespace slipway::serve {

/// What it costs to run requests for one model together, learned from the requests themselves: for
/// models that take too long to be tried out while they are loaded. Thread-safe; costs a lock.
///
/// First it finds out whether a row's answer depends on its neighbours: some requests are run once
/// more beside made-up rows, after they were answered. If it does, requests never share a run. Else
/// ever larger batches are tried, each of twice the rows, while a row costs less in them; what runs
/// take is followed from then on, now and then one is left out to see what running alone costs, and
/// sizes that were not run for long are forgotten, so that the choice stays right when the
/// machine's load changes. Sizes are compared by runs that follow each other: a machine that is
/// slower for a while is so for all of them.
class BatchLearner {
 public:
  /// Batches of more rows are not tried.
  static constexpr std::int64_t kMostRows = 64;

  struct Plan {
    std::size_t requests = 1;            ///< of those that wait, the oldest first
    BatchEnd end = BatchEnd::kNotKnown;  ///< why no more
    bool is_trial = false;               ///< run the one beside made-up rows; NoteTrial() follows
    bool operator==(const Plan&) const = default;
  };
  enum class Trial : std::uint8_t {
    kAgreed,   ///< the rows gave the same beside others
    kDiffers,  ///< they did not, or the model does not run with more rows
    kNothing,  ///< it could not be tried this time
  };

  /// `most_rows`: of a batch; what its configuration says, if that is less. `before`: what runs
  /// cost when it was learned before; whether rows are independent is found out again.
  explicit BatchLearner(std::int64_t most_rows = kMostRows, const BatchProfile& before = {});

  /// As NextBatch(): how many of those that wait run together now. A trial is planned only where
  /// somebody waits who could have shared the run, and one at a time.
  Plan Next(std::span<const std::int64_t> rows, std::chrono::nanoseconds longest);
  void NoteTrial(Trial outcome);
  /// A run of that many rows took so long, putting it together included.
  void NoteRun(std::int64_t rows, std::chrono::nanoseconds time);
  /// A joint run of that many rows failed where its requests do not alone: not so many again.
  void NoteFailure(std::int64_t rows);

  /// What is known by now; unknown until rows are found to be independent.
  BatchProfile Profile() const;

 private:
  enum class Verdict : std::uint8_t { kOpen, kIndependent, kNever };
  struct Cost {
    double nanoseconds = 0;  ///< of a run at the machine's usual speed; a moving average
    int runs = 0;
    std::uint64_t seen = 0;  ///< which of all runs was the last of this size
  };
  using Costs = std::map<std::int64_t, Cost>;

  Plan PlanTrial(std::size_t waiting);
  bool LooksBack();
  std::int64_t RowsToTry() const;
  BatchProfile MakeProfile() const;

  mutable std::mutex mutex_;  ///< guards all below
  Verdict verdict_ = Verdict::kOpen;
  bool is_trying_ = false;
  int agreed_ = 0;
  int without_result_ = 0;
  unsigned joint_runs_ = 0;
  std::uint64_t runs_ = 0;
  std::int64_t last_rows_ = 0;       ///< of the run before
  double slowness_ = 1;              ///< what runs take now, to what they usually take
  double slowness_looked_back_ = 1;  ///< what it was when one was left out
  std::int64_t most_rows_;
  Costs costs_;  ///< by rows
};

}  // namespace slipway::serve
