#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace slipway::access {

/// How often somebody may do something: `per_second` on the average, and `burst` at once after a
/// pause that was long enough.
struct RateLimit {
  double per_second = 0;  ///< 0: as often as they like
  double burst = 1;       ///< at least 1

  bool IsOn() const { return per_second > 0; }
  bool operator==(const RateLimit&) const = default;
};

/// One an hour to a million a second, a burst of 1 to a million.
bool IsPossible(const RateLimit& limit);
/// "100", "100/s", "6000/m", "10/h"; with a burst of one second's worth, or of one, where `burst`
/// does not say another. InvalidArgument (kUsage): not of that form, or not possible.
Result<RateLimit> ParseRateLimit(std::string_view text, std::optional<double> burst = std::nullopt);
/// "100/s, 200 at once"; "none".
std::string Describe(const RateLimit& limit);

/// One step of a token bucket, by the generic cell rate algorithm (ITU-T I.371): `full_at` is when
/// the bucket would be full again, which is all that it is. Pure.
struct BucketStep {
  MonotonicTime full_at;          ///< afterwards
  std::chrono::nanoseconds wait;  ///< 0: it was taken; else how long until there is one
};
BucketStep Take(const RateLimit& limit, MonotonicTime full_at, MonotonicTime now);

}  // namespace slipway::access
