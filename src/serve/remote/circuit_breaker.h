#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace slipway::serve {

/// Whether another server is asked: not for a while after several failures in a row, so that a
/// server that is down costs its callers nothing, and is not held down by them. After that while
/// one call tries it. Not thread-safe.
class CircuitBreaker {
 public:
  enum class State : std::uint8_t {
    kClosed,    ///< it is asked
    kOpen,      ///< it is not
    kHalfOpen,  ///< one call tries it, or may
  };
  struct Limits {
    unsigned failures = 5;                 ///< in a row open it
    std::chrono::milliseconds rest{1000};  ///< for so long; twice as long after each try that fails
    std::chrono::milliseconds longest_rest{30'000};
  };

  explicit CircuitBreaker(Limits limits) : limits_(limits) {}

  /// Whether a call may go out now. Each that may is followed by Succeeded(), Failed() or
  /// Unknown().
  bool Admit(MonotonicTime now) {
    if (state(now) == State::kClosed) return true;
    if (now < until_ || is_trying_) return false;
    is_trying_ = true;
    return true;
  }
  void Succeeded() {
    failures_ = 0;
    is_open_ = is_trying_ = false;
    rest_ = limits_.rest;
  }
  void Failed(MonotonicTime now) {
    ++failures_;
    if (is_open_ && !is_trying_) return;  // a call from before
    if (!is_open_ && failures_ < limits_.failures) return;
    if (is_trying_) rest_ = std::min(rest_ * 2, limits_.longest_rest);
    is_open_ = true;
    is_trying_ = false;
    until_ = now + rest_;
  }
  /// The call says nothing of the server.
  void Unknown() { is_trying_ = false; }

  State state(MonotonicTime now) const {
    if (!is_open_) return State::kClosed;
    return now < until_ ? State::kOpen : State::kHalfOpen;
  }
  /// When it is asked again, while it is open.
  MonotonicTime until() const { return until_; }

 private:
  const Limits limits_;
  unsigned failures_ = 0;  ///< in a row
  bool is_open_ = false;
  bool is_trying_ = false;
  std::chrono::milliseconds rest_ = limits_.rest;
  MonotonicTime until_;
};

}  // namespace slipway::serve
