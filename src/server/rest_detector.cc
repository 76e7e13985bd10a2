#include "server/rest_detector.h"

#include <utility>

namespace slipway::server {
namespace {

// Looking at certificates, sleeping loops and the like take a hundredth of it.
constexpr int kWorkIsOneIn = 500;

}  // namespace

bool RestDetector::BeginsToRest(MonotonicTime now, std::chrono::nanoseconds used) {
  const Look before = last_.value_or(Look{.time = now, .used = {}});
  last_ = Look{.time = now, .used = used};
  if ((used - before.used) * kWorkIsOneIn > now - before.time) {
    has_worked_ = true;
    idle_since_ = now;
  }
  return now - idle_since_ >= kUntilRest && std::exchange(has_worked_, false);
}

}  // namespace slipway::server
