#include "serve/predict/request_metrics.h"

#include <algorithm>

namespace slipway::serve {

RequestMetrics::RequestMetrics(std::span<const RouteName> routes) {
  for (const RouteName& name : routes) {
    auto known =
        std::ranges::find_if(series_, [&](const auto& series) { return series->name == name; });
    if (known == series_.end()) {
      series_.push_back(std::make_unique<Series>());
      series_.back()->name = name;
      known = series_.end() - 1;
    }
    series_of_route_.push_back(known->get());
  }
}

void RequestMetrics::Record(std::size_t route, int code, std::chrono::nanoseconds duration) {
  Series& series = *series_of_route_[route];
  const bool is_known = code >= 0 && code < static_cast<int>(kCodes);
  series.codes[is_known ? static_cast<std::size_t>(code) : 500].fetch_add(
      1, std::memory_order_relaxed);
  const double seconds = std::chrono::duration<double>(duration).count();
  const auto bucket = std::ranges::lower_bound(kUpperBounds, seconds) - kUpperBounds.begin();
  series.durations[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  series.sum_nanoseconds.fetch_add(
      static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0)),
      std::memory_order_relaxed);
}

std::vector<RequestMetrics::Snapshot> RequestMetrics::Snapshots() const {
  std::vector<Snapshot> snapshots;
  for (const auto& series : series_) {
    Snapshot snapshot{.name = series->name};
    for (std::size_t i = 0; i < kCodes; ++i) {
      const std::uint64_t count = series->codes[i].load(std::memory_order_relaxed);
      if (count > 0) snapshot.codes.push_back({.code = static_cast<int>(i), .count = count});
    }
    if (snapshot.codes.empty()) continue;
    for (const auto& count : series->durations)
      snapshot.durations.push_back(count.load(std::memory_order_relaxed));
    snapshot.sum_seconds =
        static_cast<double>(series->sum_nanoseconds.load(std::memory_order_relaxed)) / 1e9;
    snapshots.push_back(std::move(snapshot));
  }
  return snapshots;
}

}  // namespace slipway::serve
