#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace slipway::serve {

/// How often something happened and how long it took altogether, since the version was loaded.
struct TimedCount {
  std::uint64_t count = 0;
  std::chrono::nanoseconds time{0};
};

/// What one model version has done, whatever protocol its requests came by.
struct ModelCounts {
  std::uint64_t rows = 0;  ///< of successful requests: the first dimension, or 1
  std::uint64_t runs = 0;  ///< of the engine
  TimedCount success;      ///< from Predict() to its completion
  TimedCount failure;
  TimedCount queue;    ///< waiting for a thread
  TimedCount compute;  ///< inside the engine
  std::optional<WallTime> last_run;
};

/// Who can say what the models have done. Thread-safe; takes no lock that the request path takes.
class ModelCountsView {
 public:
  virtual ~ModelCountsView() = default;
  /// Zeros for a version that has served nothing.
  virtual ModelCounts CountsOf(std::string_view model, std::int64_t version) const = 0;
};

}  // namespace slipway::serve
