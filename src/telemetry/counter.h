#pragma once

#include <atomic>
#include <cstdint>

namespace slipway::telemetry {

/// Counts up. Thread-safe; adding is wait-free and orders nothing: one relaxed addition.
class Counter {
 public:
  void Add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  std::uint64_t Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// How many of something there are now. Thread-safe, wait-free.
class Gauge {
 public:
  /// Returns how many there were before.
  std::int64_t Add(std::int64_t count) {
    return value_.fetch_add(count, std::memory_order_relaxed);
  }
  std::int64_t Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

}  // namespace slipway::telemetry
