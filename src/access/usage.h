#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include "access/quota.h"
#include "base/clock.h"

namespace slipway::access {

/// Which part of a quota is used up, and when to ask again.
struct Overuse {
  enum class Part : std::uint8_t { kNone, kRate, kInFlight };
  Part part = Part::kNone;
  std::chrono::nanoseconds wait{};
};

/// What one caller uses of its quota. Thread-safe, two atomics and no lock: a few nanoseconds and a
/// look at the clock where one loop asks. One that counts nothing is 16 zero bytes.
class Usage {
 public:
  /// Counts one request, and until Leave() as one in flight, unless that is more than `quota` has.
  /// Where the quota has a rate, `clock` is read after what others took: a thread that comes late
  /// with a time from before would find more taken since than a burst has.
  Overuse Enter(const Quota& quota, const Clock& clock);
  /// Of a request that was let in by a quota of requests in flight.
  void Leave() { in_flight_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  Overuse TakeFromBucket(const RateLimit& limit, const Clock& clock);

  std::atomic<std::int64_t> full_at_{0};  ///< BucketStep's, in nanoseconds of the monotonic clock
  std::atomic<std::uint32_t> in_flight_{0};
};

/// One request's place among those in flight, given back with this object. Move-only.
class Place {
 public:
  Place() = default;
  explicit Place(std::shared_ptr<Usage> usage) : usage_(std::move(usage)) {}
  ~Place() {
    if (usage_ != nullptr) usage_->Leave();
  }
  Place(Place&&) noexcept = default;
  Place& operator=(Place&& other) noexcept {
    std::swap(usage_, other.usage_);
    return *this;
  }

 private:
  std::shared_ptr<Usage> usage_;  ///< absent: nothing was counted
};

}  // namespace slipway::access
