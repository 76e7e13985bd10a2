#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "telemetry/counter.h"
#include "telemetry/duration_total.h"

namespace slipway::telemetry {

/// A histogram of durations in fixed buckets from 10 us to 30 s, in steps of 1, 2.5 and 5.
/// Thread-safe; recording is wait-free and costs two relaxed additions and a look at three bounds
/// at most.
class Histogram {
 public:
  static constexpr std::array<std::chrono::nanoseconds, 20> kUpperBounds = [] {
    using std::chrono::microseconds;
    std::array<std::chrono::nanoseconds, 20> bounds{};
    std::size_t next = 0;
    for (std::int64_t decade = 10; decade <= 1'000'000; decade *= 10) {
      bounds[next++] = microseconds(decade);
      bounds[next++] = microseconds(decade * 5 / 2);
      bounds[next++] = microseconds(decade * 5);
    }
    bounds[next++] = std::chrono::seconds(10);
    bounds[next] = std::chrono::seconds(30);
    return bounds;
  }();

  struct Snapshot {
    std::array<std::uint64_t, kUpperBounds.size() + 1> counts{};  ///< the last: beyond all bounds
    std::chrono::nanoseconds total{0};

    std::uint64_t Count() const;
    DurationTotal::Snapshot Total() const { return {Count(), total}; }
  };

  /// An upper bound belongs to its bucket. A negative duration counts as 0.
  void Record(std::chrono::nanoseconds duration);
  Snapshot Read() const;

  /// kUpperBounds in seconds, as expositions write them.
  static std::vector<double> UpperBoundsInSeconds();

 private:
  std::array<Counter, kUpperBounds.size() + 1> counts_;
  DurationSum sum_;
};

}  // namespace slipway::telemetry
