#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "monitor/prometheus_text.h"

namespace slipway::monitor {

/// A histogram of seconds, copied out of whoever counts.
struct Distribution {
  std::vector<double> upper_bounds;   ///< seconds, ascending
  std::vector<std::uint64_t> counts;  ///< one more than upper_bounds
  double sum_seconds = 0;

  HistogramView View() const { return {upper_bounds, counts, sum_seconds}; }
};

struct RequestSample {
  std::string protocol;  ///< "v2", "tfserving", "admin", ...
  std::string method;    ///< "infer", "metadata", ...: of the route, never of the client's text
  int code = 0;          ///< HTTP status; of "grpc", gRPC's number
  std::uint64_t count = 0;
};

struct DurationSample {
  std::string protocol;
  std::string method;
  Distribution seconds;
};

/// Requests that a response cache was asked for.
struct CacheSample {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
};

/// One loaded version.
struct ModelSample {
  std::string name;
  std::int64_t version = 0;
  std::string state;  ///< the word of the API
  double load_seconds = 0;
  std::uint64_t memory_bytes = 0;
  Distribution queue_seconds;  ///< no buckets: not counted for this version
  Distribution compute_seconds;
  std::vector<std::pair<std::string, std::uint64_t>> batches_closed;  ///< by reason
  std::optional<CacheSample> cache;  ///< absent: its answers are not kept
};

/// Another server, which steps of ensembles ask.
struct RemoteSample {
  std::string server;  ///< the name that an operator gave it
  int circuit = 0;     ///< 0: it is asked; 1: it is not; 2: one request tries it
  std::vector<std::pair<std::string, std::uint64_t>> requests;  ///< by how they ended
  std::uint64_t retries = 0;
};

/// Everything that a server counts, at one moment. Names come from routes, loaded models and
/// options only, so a client cannot make series.
struct MetricsSnapshot {
  std::vector<std::pair<std::string, std::string>> build;  ///< labels of slipway_build_info
  std::vector<RequestSample> requests;
  std::vector<DurationSample> durations;
  std::vector<std::pair<std::string, std::uint64_t>> rejected;  ///< by reason
  std::vector<ModelSample> models;
  std::vector<RemoteSample> remotes;
  std::uint64_t in_flight = 0;
  std::uint64_t open_connections = 0;
  std::uint64_t accepted_connections = 0;
  std::uint64_t refused_connections = 0;
  std::uint64_t dropped_in_drain = 0;
  std::uint64_t failed_handshakes = 0;
  std::optional<std::uint64_t> audit_lost;   ///< acts that were not recorded; absent: none are
  std::optional<std::uint64_t> cache_bytes;  ///< absent: no answers are kept
  std::optional<std::int64_t> certificate_expiry;  ///< seconds since 1970; absent without TLS
};

/// Who can say what a server counts. Called on any thread; takes no lock that the request path
/// takes.
class MetricsView {
 public:
  virtual ~MetricsView() = default;
  virtual MetricsSnapshot Snapshot() const = 0;
};

}  // namespace slipway::monitor
