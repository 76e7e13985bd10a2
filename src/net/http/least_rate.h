#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace slipway::net {

/// Whether bytes flow at the least rate, looked at in spans of a grace's length: a pause shorter
/// than that is no fault.
class LeastRate {
 public:
  /// Measures from here: `total` bytes have passed by `now`.
  void Begin(MonotonicTime now, std::uint64_t total) {
    begin_ = now;
    total_ = total;
  }

  /// False: in the span that ended by `now`, less passed than is due. `total` never shrinks.
  bool Holds(MonotonicTime now, std::uint64_t total, std::chrono::milliseconds grace,
             std::uint64_t bytes_per_second) {
    if (now - begin_ < grace) return true;
    const double due =
        static_cast<double>(bytes_per_second) * std::chrono::duration<double>(now - begin_).count();
    if (static_cast<double>(total - total_) < due) return false;
    Begin(now, total);
    return true;
  }

 private:
  MonotonicTime begin_;
  std::uint64_t total_ = 0;
};

}  // namespace slipway::net
