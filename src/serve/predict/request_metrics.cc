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
  series.codes[is_known ? static_cast<std::size_t>(code) : 500].Add();
  series.durations.Record(duration);
}

std::vector<RequestMetrics::Snapshot> RequestMetrics::Snapshots() const {
  std::vector<Snapshot> snapshots;
  for (const auto& series : series_) {
    Snapshot snapshot{.name = series->name};
    for (std::size_t i = 0; i < kCodes; ++i) {
      const std::uint64_t count = series->codes[i].Value();
      if (count > 0) snapshot.codes.push_back({.code = static_cast<int>(i), .count = count});
    }
    if (snapshot.codes.empty()) continue;
    snapshot.durations = series->durations.Read();
    snapshots.push_back(std::move(snapshot));
  }
  return snapshots;
}

}  // namespace slipway::serve
