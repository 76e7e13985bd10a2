#include "serve/batch/batch_policy.h"

namespace slipway::serve {

std::string_view BatchEndName(BatchEnd end) {
  switch (end) {
    case BatchEnd::kNobodyElse:
      return "nobody_else";
    case BatchEnd::kBestSize:
      return "best_size";
    case BatchEnd::kLongEnough:
      return "long_enough";
    case BatchEnd::kTrial:
      return "trial";
    case BatchEnd::kNotKnown:
      return "not_known";
    case BatchEnd::kFull:
      return "full";
    case BatchEnd::kPreferred:
      return "preferred";
    case BatchEnd::kDelay:
      return "delay";
    case BatchEnd::kShape:
      return "shape";
    case BatchEnd::kDeadline:
      return "deadline";
  }
  return "";
}

BatchDecision NextBatch(std::span<const std::int64_t> rows, const BatchProfile& profile,
                        std::chrono::nanoseconds longest) {
  if (!profile.IsKnown()) return {.requests = 1, .end = BatchEnd::kNotKnown};
  std::int64_t total = rows.front();
  std::size_t taken = 1;
  for (; taken < rows.size(); ++taken) {
    const std::int64_t joined = total + rows[taken];
    const auto time = profile.TimeOf(joined);
    const auto apart = profile.TimeOf(total) + profile.TimeOf(rows[taken]);
    if (joined > profile.best_rows() || time >= apart)
      return {.requests = taken, .end = BatchEnd::kBestSize};
    if (time > longest) return {.requests = taken, .end = BatchEnd::kLongEnough};
    total = joined;
  }
  return {.requests = taken, .end = BatchEnd::kNobodyElse};
}

}  // namespace slipway::serve
