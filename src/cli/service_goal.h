#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "cli/load_report.h"

namespace slipway::cli {

/// A latency that a share of the answers must keep: "p99=20ms".
struct ServiceGoal {
  std::string text;    ///< as given
  double share = 0;    ///< 0.99; 1 for "max"
  double seconds = 0;  ///< the longest that is allowed

  bool IsMet(const LoadReport& report) const { return report.Quantile(share) <= seconds; }
  /// "p99=20ms is missed with 8 at a time: 31 ms".
  std::string Describe(unsigned concurrency, const LoadReport& report) const;
};

/// p50, p90, p95, p99, p99.9 or max, "=", and a number of us, ms or s. InvalidArgument (kUsage).
Result<ServiceGoal> ParseServiceGoal(std::string_view text);

}  // namespace slipway::cli
