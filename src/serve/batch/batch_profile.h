#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace slipway::serve {

/// How long one run of a model takes by its number of rows, as measured when it was loaded.
/// Immutable.
class BatchProfile {
 public:
  struct Point {
    std::int64_t rows = 1;
    std::chrono::nanoseconds time{0};
  };

  /// Nothing is known: requests of this model run alone.
  BatchProfile() = default;
  /// Precondition: not empty, begins with one row, ascending by rows, all times above zero.
  explicit BatchProfile(std::vector<Point> points);

  bool IsKnown() const { return !points_.empty(); }
  const std::vector<Point>& points() const { return points_; }

  /// The time of a run of that many rows: on a straight line between the points measured, beyond
  /// them at the last one's price a row. 0 if nothing is known. Precondition: rows > 0.
  std::chrono::nanoseconds TimeOf(std::int64_t rows) const;
  /// The fewest rows measured at which a row costs hardly more than at any other number: a larger
  /// batch makes somebody wait for next to nothing. 1: running together does not pay.
  std::int64_t best_rows() const { return best_rows_; }
  /// The time of that many rows as part of batches of the best size.
  std::chrono::nanoseconds LeastTimeOf(std::int64_t rows) const;

 private:
  std::vector<Point> points_;
  std::int64_t best_rows_ = 1;
};

}  // namespace slipway::serve
