#pragma once

#include <algorithm>

namespace slipway::serve {

/// How many calls may be tried again: a bucket that each first call fills by a tenth of a retry, so
/// that retries never add more than a tenth to what a server that is overloaded gets. Not
/// thread-safe.
class RetryBudget {
 public:
  static constexpr int kMost = 10;         ///< retries that it holds; it begins full
  static constexpr int kCallsForOne = 10;  ///< first calls that earn one

  void NoteCall() { tenths_ = std::min(tenths_ + 1, kMost * kCallsForOne); }
  /// False: there is none.
  bool Take() {
    if (tenths_ < kCallsForOne) return false;
    tenths_ -= kCallsForOne;
    return true;
  }

 private:
  int tenths_ = kMost * kCallsForOne;
};

}  // namespace slipway::serve
