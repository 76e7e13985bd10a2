#include "telemetry/histogram.h"

#include <algorithm>
#include <numeric>

namespace slipway::telemetry {

void Histogram::Record(std::chrono::nanoseconds duration) {
  const auto bucket = std::ranges::lower_bound(kUpperBounds, duration) - kUpperBounds.begin();
  counts_[static_cast<std::size_t>(bucket)].Add();
  if (duration.count() > 0) nanoseconds_.Add(static_cast<std::uint64_t>(duration.count()));
}

Histogram::Snapshot Histogram::Read() const {
  Snapshot snapshot;
  std::ranges::transform(counts_, snapshot.counts.begin(), &Counter::Value);
  snapshot.total = std::chrono::nanoseconds(nanoseconds_.Value());
  return snapshot;
}

std::uint64_t Histogram::Snapshot::Count() const {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::vector<double> Histogram::UpperBoundsInSeconds() {
  std::vector<double> bounds;
  for (const std::chrono::nanoseconds bound : kUpperBounds)
    bounds.push_back(std::chrono::duration<double>(bound).count());
  return bounds;
}

}  // namespace slipway::telemetry
