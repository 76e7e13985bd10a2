#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace slipway {

/// For tests: time that passes only when the test says so. Thread-safe.
class FakeClock final : public Clock {
 public:
  MonotonicTime Now() const override { return MonotonicTime(passed()); }
  WallTime WallNow() const override {
    return WallTime(std::chrono::duration_cast<WallTime::duration>(kStart + passed()));
  }
  void Advance(std::chrono::nanoseconds duration) { passed_ += duration.count(); }

 private:
  static constexpr std::chrono::seconds kStart{1'700'000'000};
  std::chrono::nanoseconds passed() const { return std::chrono::nanoseconds(passed_.load()); }

  std::atomic<std::int64_t> passed_{0};
};

}  // namespace slipway
