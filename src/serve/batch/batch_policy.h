#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "serve/batch/batch_profile.h"

namespace slipway::serve {

/// Why a batch has the size it has.
enum class BatchEnd : std::uint8_t {
  kNobodyElse,  ///< everybody who waits is in it
  kBestSize,    ///< one more would save next to nothing, or less than nothing
  kLongEnough,  ///< with one more, all of them would wait too long for their answer
  kTrial,       ///< this size is being tried out
  kNotKnown,    ///< the model has no profile: alone
  // By configuration (batch_rules.h):
  kFull,       ///< as many rows as the configuration allows
  kPreferred,  ///< a preferred number of rows
  kDelay,      ///< the oldest has waited as long as it may
  kShape,      ///< the next may not join those before it
  kDeadline,   ///< one of them would miss its deadline
};
inline constexpr std::size_t kBatchEnds = 10;
std::string_view BatchEndName(BatchEnd end);  ///< "nobody_else", as in metrics

struct BatchDecision {
  std::size_t requests = 1;
  BatchEnd end = BatchEnd::kNobodyElse;
  bool operator==(const BatchDecision&) const = default;
};

/// How many of the requests that wait run together now. `rows`: theirs, the oldest first, all of
/// shapes that may be joined. The oldest is always taken. Another joins while a run of both is
/// cheaper than two, the batch is not beyond the profile's best size and its run is not longer than
/// `longest`. Pure. Precondition: `rows` is not empty and holds numbers above zero.
BatchDecision NextBatch(std::span<const std::int64_t> rows, const BatchProfile& profile,
                        std::chrono::nanoseconds longest);

}  // namespace slipway::serve
