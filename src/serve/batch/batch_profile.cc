#include "serve/batch/batch_profile.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace slipway::serve {
namespace {

using std::chrono::nanoseconds;

/// How much dearer than the cheapest a row may be at the best size.
constexpr double kHardlyMore = 1.05;

double CostOfARow(const BatchProfile::Point& point) {
  return static_cast<double>(point.time.count()) / static_cast<double>(point.rows);
}

nanoseconds Rounded(double time) { return nanoseconds(std::llround(time)); }

}  // namespace

BatchProfile::BatchProfile(std::vector<Point> points) : points_(std::move(points)) {
  const double cheapest = CostOfARow(*std::ranges::min_element(points_, {}, CostOfARow));
  best_rows_ = std::ranges::find_if(points_, [&](const Point& point) {
                 return CostOfARow(point) <= cheapest * kHardlyMore;
               })->rows;
}

nanoseconds BatchProfile::TimeOf(std::int64_t rows) const {
  if (points_.empty()) return nanoseconds(0);
  const auto above = std::ranges::lower_bound(points_, rows, {}, &Point::rows);
  if (above == points_.end())
    return Rounded(CostOfARow(points_.back()) * static_cast<double>(rows));
  if (above->rows == rows || above == points_.begin()) return above->time;
  const Point& below = *std::prev(above);
  const double share =
      static_cast<double>(rows - below.rows) / static_cast<double>(above->rows - below.rows);
  return below.time + Rounded(share * static_cast<double>((above->time - below.time).count()));
}

nanoseconds BatchProfile::LeastTimeOf(std::int64_t rows) const {
  return Rounded(static_cast<double>(TimeOf(best_rows_).count()) / static_cast<double>(best_rows_) *
                 static_cast<double>(rows));
}

}  // namespace slipway::serve
