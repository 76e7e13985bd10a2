#include "telemetry/histogram.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <numeric>

namespace slipway::telemetry {
namespace {

/// By the number of its bits, the first bucket that a count of nanoseconds may belong to.
constexpr auto kFirstOfBits = [] {
  std::array<std::uint8_t, 64> first{};
  for (std::size_t bits = 1; bits < first.size(); ++bits) {
    const std::chrono::nanoseconds least(std::int64_t{1} << (bits - 1));
    first[bits] = static_cast<std::uint8_t>(
        std::ranges::lower_bound(Histogram::kUpperBounds, least) - Histogram::kUpperBounds.begin());
  }
  return first;
}();

/// Numbers of so many bits differ by less than a factor of two, which the bounds hardly do.
std::size_t BucketOf(std::chrono::nanoseconds duration) {
  const auto nanoseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
  std::size_t bucket = kFirstOfBits[static_cast<std::size_t>(std::bit_width(nanoseconds))];
  while (bucket < Histogram::kUpperBounds.size() && Histogram::kUpperBounds[bucket] < duration)
    ++bucket;
  return bucket;
}

}  // namespace

void Histogram::Record(std::chrono::nanoseconds duration) {
  counts_[BucketOf(duration)].Add();
  sum_.Add(duration);
}

Histogram::Snapshot Histogram::Read() const {
  Snapshot snapshot;
  std::ranges::transform(counts_, snapshot.counts.begin(), &Counter::Value);
  snapshot.total = sum_.Value();
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
