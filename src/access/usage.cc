#include "access/usage.h"

namespace slipway::access {
namespace {

/// Nobody knows when a request ends: what the least Retry-After says.
constexpr std::chrono::seconds kAskAgain{1};

}  // namespace

Overuse Usage::Enter(const Quota& quota, const Clock& clock) {
  if (quota.in_flight > 0 &&
      in_flight_.fetch_add(1, std::memory_order_relaxed) >= quota.in_flight) {
    Leave();
    return {.part = Overuse::Part::kInFlight, .wait = kAskAgain};
  }
  if (!quota.rate.IsOn()) return {};
  const Overuse overuse = TakeFromBucket(quota.rate, clock);
  if (overuse.part != Overuse::Part::kNone && quota.in_flight > 0) Leave();
  return overuse;
}

Overuse Usage::TakeFromBucket(const RateLimit& limit, const Clock& clock) {
  std::int64_t known = full_at_.load(std::memory_order_acquire);
  for (;;) {
    const BucketStep step =
        Take(limit, MonotonicTime(std::chrono::nanoseconds(known)), clock.Now());
    if (step.wait.count() > 0) return {.part = Overuse::Part::kRate, .wait = step.wait};
    const std::int64_t full_at = step.full_at.time_since_epoch().count();
    if (full_at_.compare_exchange_weak(known, full_at, std::memory_order_acq_rel,
                                       std::memory_order_acquire))
      return {};
  }
}

}  // namespace slipway::access
