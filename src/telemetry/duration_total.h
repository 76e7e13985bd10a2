#pragma once

#include <chrono>
#include <cstdint>

#include "telemetry/counter.h"

namespace slipway::telemetry {

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
    if (duration.count() > 0) nanoseconds_.Add(static_cast<std::uint64_t>(duration.count()));
  }
  Snapshot Read() const { return {count_.Value(), std::chrono::nanoseconds(nanoseconds_.Value())}; }

 private:
  Counter count_;
  Counter nanoseconds_;
};

}  // namespace slipway::telemetry
