#pragma once

#include <cstdint>
#include <vector>

namespace slipway::cli {

/// What a load saw, wherever the model ran.
struct LoadReport {
  std::uint64_t answers = 0;   ///< right ones, counted after the warm-up
  std::uint64_t failures = 0;  ///< answers with any other status
  std::uint64_t refusals = 0;  ///< those failures by which a server says that it has too much to do
  double seconds = 0;
  std::vector<float> latencies;  ///< seconds, sorted, one for each of `answers`

  /// The latency that a share of the answers does not exceed; 0 when there are none.
  double Quantile(double share) const { return QuantileOf(latencies, share); }

  /// The same of any sorted values.
  static double QuantileOf(const std::vector<float>& sorted, double share) {
    if (sorted.empty()) return 0;
    return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
  }
};

}  // namespace slipway::cli
