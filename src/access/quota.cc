#include "access/quota.h"

#include <fmt/format.h>

namespace slipway::access {

std::string Describe(const Quota& quota) {
  if (quota.in_flight == 0) return Describe(quota.rate);
  const std::string in_flight = fmt::format("{} in flight", quota.in_flight);
  return quota.rate.IsOn() ? Describe(quota.rate) + ", " + in_flight : in_flight;
}

}  // namespace slipway::access
