#pragma once

#include <chrono>
#include <cstdint>

#include "telemetry/counter.h"

namespace slipway::telemetry {

/// How long something took altogether. Thread-safe; adding is wait-free, one relaxed addition.
class DurationSum {
 public:
  /// A negative duration counts as 0.
  void Add(std::chrono::nanoseconds duration) {
    if (duration.count() > 0) nanoseconds_.Add(static_cast<std::uint64_t>(duration.count()));
  }
  std::chrono::nanoseconds Value() const { return std::chrono::nanoseconds(nanoseconds_.Value()); }

 private:
  Counter nanoseconds_;
};

/// How many durations and how long they took together. Thread-safe; recording is wait-free, and a
/// reader may see a count without its time for a moment.
class DurationTotal {
 public:
  struct Snapshot {
    std::uint64_t count = 0;
    std::chrono::nanoseconds total{0};
    bool operator==(const Snapshot&) const = default;
  };

  /// A negative duration counts as 0.
  void Record(std::chrono::nanoseconds duration) {
    count_.Add();
    sum_.Add(duration);
  }
  Snapshot Read() const { return {count_.Value(), sum_.Value()}; }

 private:
  Counter count_;
  DurationSum sum_;
};

}  // namespace slipway::telemetry
