#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "telemetry/counter.h"
#include "telemetry/histogram.h"

namespace slipway::serve {

/// Counts answers by route and status, and how long they took. A route is known by its place in the
/// list given at the start, so no text of a client ever names a series. Record() is wait-free;
/// thread-safe.
class RequestMetrics {
 public:
  /// What metrics call a route: ("v2", "infer").
  struct RouteName {
    std::string_view protocol;
    std::string_view method;
    bool operator==(const RouteName&) const = default;
  };

  struct Codes {
    int code = 0;
    std::uint64_t count = 0;
  };
  struct Snapshot {
    RouteName name;
    std::vector<Codes> codes;  ///< those that occurred, ascending
    telemetry::Histogram::Snapshot durations;
  };

  /// The names live as long as this. Equal names share one series.
  explicit RequestMetrics(std::span<const RouteName> routes);

  /// `code` is the protocol's: an HTTP status, or gRPC's number. Precondition: `route` is an index
  /// into the list; a code outside 0 to 599 counts as 500.
  void Record(std::size_t route, int code, std::chrono::nanoseconds duration);

  /// Series that have counted something.
  std::vector<Snapshot> Snapshots() const;

 private:
  static constexpr std::size_t kCodes = 600;
  struct Series {
    RouteName name;
    std::array<telemetry::Counter, kCodes> codes;
    telemetry::Histogram durations;
  };

  std::vector<std::unique_ptr<Series>> series_;
  std::vector<Series*> series_of_route_;
};

}  // namespace slipway::serve
