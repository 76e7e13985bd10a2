#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "cli/labelled_set.h"
#include "cli/metrics.h"
#include "jobs/ensemble_executable.h"

namespace slipway::cli {

/// What an ensemble has over the best of its members, on the same rows.
struct EnsembleGain {
  std::vector<std::pair<std::string, Estimate>> members;
  std::size_t best = 0;
  Estimate gain;  ///< PairedInterval() of the rows' scores: of errors, below 0 is better
};

/// Runs those members that read nothing but the ensemble's inputs, and judges their first output
/// that the ensemble uses. Absent: there is none whose output can be compared with the labels, or
/// the metric is no mean over rows (rmse). What the members' runs say.
Result<std::optional<EnsembleGain>> GainOverMembers(const jobs::EnsembleExecutable& ensemble,
                                                    const LabelledSet& set, const Metric& judged,
                                                    std::int64_t batch);

}  // namespace slipway::cli
