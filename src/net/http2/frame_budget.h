#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace slipway::net {

/// How much of something a peer may do: `most` at once, and `most` again in every `period`. Pure
/// arithmetic on the times it is told, which never go back.
class FrameBudget {
 public:
  FrameBudget(std::uint32_t most, std::chrono::milliseconds period, MonotonicTime now)
      : most_(most), per_second_(most * 1000.0 / static_cast<double>(period.count())), since_(now) {
    left_ = most_;
  }

  /// False: the peer has overdrawn it.
  bool Spend(MonotonicTime now) {
    left_ =
        std::min(most_, left_ + per_second_ * std::chrono::duration<double>(now - since_).count());
    since_ = now;
    left_ -= 1;
    return left_ >= 0;
  }
  /// The peer did something that makes up for `count`.
  void Earn(std::uint32_t count) { left_ = std::min(most_, left_ + count); }

 private:
  const double most_;
  const double per_second_;
  MonotonicTime since_;
  double left_ = 0;
};

}  // namespace slipway::net
