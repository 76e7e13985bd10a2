#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"

namespace slipway::server {

/// Says when a process that has worked begins to rest: once for each time, so that what is worth
/// doing then (giving back the memory that its work left free) is done once. Pure.
class RestDetector {
 public:
  /// How long nothing may have happened; what is kept for the next request may go then.
  static constexpr std::chrono::minutes kUntilRest{1};

  /// To be called every few seconds, with the processor time that the process has used so far.
  /// True: it has worked since the last true, and hardly at all for kUntilRest.
  bool BeginsToRest(MonotonicTime now, std::chrono::nanoseconds used);

 private:
  struct Look {
    MonotonicTime time;
    std::chrono::nanoseconds used;
  };
  std::optional<Look> last_;
  MonotonicTime idle_since_;
  bool has_worked_ = false;
};

}  // namespace slipway::server
