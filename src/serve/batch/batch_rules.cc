#include "serve/batch/batch_rules.h"

#include <algorithm>

namespace slipway::serve {
namespace {

/// What of the queue fits, and the best place to cut it.
struct Walk {
  std::size_t taken = 0;
  std::int64_t rows = 0;
  bool is_full = false;       ///< another would pass max_rows
  std::size_t preferred = 0;  ///< requests up to the last preferred number of rows; 0: none
};

Walk WalkThrough(const WaitingRows& waiting, const BatchRules& rules) {
  const std::int64_t largest = rules.preferred.empty() ? rules.max_rows : rules.preferred.back();
  Walk walk;
  for (const std::int64_t rows : waiting.rows) {
    // Sums are compared by differences: clients choose the numbers.
    if (walk.taken > 0 && rows > rules.max_rows - walk.rows) {
      walk.is_full = true;
      break;
    }
    if (walk.taken > 0 && walk.preferred == 0 && rows > largest - walk.rows)
      walk.preferred = walk.taken;
    walk.rows += rows;
    ++walk.taken;
    if (std::ranges::binary_search(rules.preferred, walk.rows)) walk.preferred = walk.taken;
  }
  walk.is_full = walk.is_full || walk.rows >= rules.max_rows;
  return walk;
}

}  // namespace

RuledDecision NextBatch(const WaitingRows& waiting, const BatchRules& rules) {
  const Walk walk = WalkThrough(waiting, rules);
  const std::chrono::nanoseconds delay = rules.max_delay;
  if (walk.preferred > 0 && waiting.waited < delay)
    return {.requests = walk.preferred, .end = BatchEnd::kPreferred};
  if (walk.is_full) return {.requests = walk.taken, .end = BatchEnd::kFull};
  if (waiting.is_cut) return {.requests = walk.taken, .end = BatchEnd::kShape};
  if (delay.count() <= 0) return {.requests = walk.taken, .end = BatchEnd::kNobodyElse};
  if (waiting.waited >= delay) return {.requests = walk.taken, .end = BatchEnd::kDelay};
  if (waiting.patience.count() <= 0) return {.requests = walk.taken, .end = BatchEnd::kDeadline};
  return {.wait = std::min(delay - waiting.waited, waiting.patience)};
}

}  // namespace slipway::serve
