#pragma once

#include <cstdint>
#include <string>

#include "access/rate_limit.h"

namespace slipway::access {

/// What one caller may use at most.
struct Quota {
  RateLimit rate;               ///< of requests; a message of a stream is one
  std::uint32_t in_flight = 0;  ///< requests at one time; 0: as many as they like

  bool IsOn() const { return rate.IsOn() || in_flight > 0; }
  bool operator==(const Quota&) const = default;
};

/// "100/s, 200 at once, 8 in flight"; "none".
std::string Describe(const Quota& quota);

}  // namespace slipway::access
