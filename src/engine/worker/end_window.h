#pragma once

#include <chrono>
#include <cstddef>
#include <deque>

#include "base/clock.h"

namespace slipway::engine {

/// How often a model may end its process. Not thread-safe.
struct EndBounds {
  std::size_t most = 5;  ///< so many ends
  std::chrono::seconds within{60};
  std::chrono::milliseconds pause{100};  ///< before the second start; each after it so much longer
};

/// The ends of one model's processes, of late. Runs that were answered in between excuse none.
class EndWindow {
 public:
  explicit EndWindow(const EndBounds& bounds) : bounds_(bounds) {}

  void Note(MonotonicTime now) {
    ends_.push_back(now);
    while (ends_.front() + bounds_.within < now) ends_.pop_front();
  }
  std::size_t count() const { return ends_.size(); }
  bool IsTooMuch() const { return ends_.size() >= bounds_.most; }
  /// Before it is started again; the first time at once.
  std::chrono::milliseconds Pause() const {
    return bounds_.pause * static_cast<int>(ends_.empty() ? 0 : ends_.size() - 1);
  }

 private:
  const EndBounds bounds_;
  std::deque<MonotonicTime> ends_;
};

}  // namespace slipway::engine
