#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "serve/batch/batch_policy.h"

namespace slipway::serve {

/// How requests for a model are to be joined, by its configuration instead of by measurement.
struct BatchRules {
  std::int64_t max_rows = 1;               ///< no batch has more, unless one request has
  std::vector<std::int64_t> preferred;     ///< numbers of rows, ascending; empty: max_rows alone
  std::chrono::microseconds max_delay{0};  ///< the oldest request waits so long for company
  bool operator==(const BatchRules&) const = default;
};

/// The front of a queue.
struct WaitingRows {
  std::span<const std::int64_t> rows;    ///< of requests that may run together, the oldest first
  bool is_cut = false;                   ///< the next behind them may not join them
  std::chrono::nanoseconds waited{0};    ///< by the oldest
  std::chrono::nanoseconds patience{0};  ///< until one of them must start to meet its deadline
};

struct RuledDecision {
  std::size_t requests = 0;  ///< that run together now; 0: none yet
  BatchEnd end = BatchEnd::kNobodyElse;
  std::chrono::nanoseconds wait{0};  ///< where none run yet: look again then, or when more come
  bool operator==(const RuledDecision&) const = default;
};

/// Triton's dynamic batching. A request that would pass max_rows closes the batch, and so does one
/// that may not join: nobody is overtaken. While the oldest is younger than max_delay, the requests
/// up to the last preferred number of rows go at once; else, when the delay is over or a deadline
/// is near, all go. Pure. Precondition: `rows` is not empty and holds numbers above zero.
RuledDecision NextBatch(const WaitingRows& waiting, const BatchRules& rules);

}  // namespace slipway::serve
