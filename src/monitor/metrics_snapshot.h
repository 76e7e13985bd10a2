#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

/// Requests that were to be written somewhere.
struct RecordSample {
  std::uint64_t written = 0;
  std::uint64_t not_written = 0;  ///< the disk was full, or nobody took them
};

/// Inferences of one version that is ready.
struct ModelCounts {
  std::uint64_t succeeded = 0;
  std::uint64_t rejected = 0;   ///< no room
  std::uint64_t expired = 0;    ///< past the deadline
  std::uint64_t cancelled = 0;  ///< the client had gone
  std::uint64_t failed = 0;     ///< for another reason
  std::uint64_t rows = 0;       ///< of those that succeeded
  std::uint64_t runs = 0;
  std::uint64_t waiting = 0;  ///< now
  std::uint64_t request_us = 0;
  std::uint64_t queue_us = 0;
  std::uint64_t compute_input_us = 0;
  std::uint64_t compute_infer_us = 0;
  std::uint64_t compute_output_us = 0;

  std::array<std::pair<std::string_view, std::uint64_t>, 5> Outcomes() const {
    return {{{"ok", succeeded},
             {"rejected", rejected},
             {"expired", expired},
             {"cancelled", cancelled},
             {"failed", failed}}};
  }
};

/// One loaded version.
struct ModelSample {
  std::string name;
  std::int64_t version = 0;
  std::string state;  ///< the word of the API
  double load_seconds = 0;
  std::uint64_t memory_bytes = 0;
  std::optional<ModelCounts> counts;  ///< absent: it is not ready
  Distribution request_seconds;       ///< no buckets: not counted for this version
  Distribution queue_seconds;
  Distribution batch_seconds;
  Distribution compute_seconds;
  Distribution encode_seconds;
  std::vector<std::pair<std::string, std::uint64_t>> batches_closed;  ///< by reason
  std::optional<CacheSample> cache;  ///< absent: its answers are not kept
  std::uint64_t mapped_bytes = 0;    ///< of weights in files
};

/// What loading models takes and finds.
struct LoadingSample {
  std::uint64_t memory_budget = 0;  ///< of all models; 0: any
  std::uint64_t memory_held = 0;
  std::uint64_t paged_out = 0;  ///< how often a model left memory to others
  std::uint64_t paged_in = 0;   ///< how often one came back
  std::vector<std::pair<std::string, std::uint64_t>> compile_cache;  ///< by what it did
};

/// Processes that models run in.
struct WorkersSample {
  std::uint64_t running = 0;
  std::vector<std::pair<std::string, std::uint64_t>> ended;  ///< by why, that nobody asked to
  std::uint64_t restarts = 0;
  std::uint64_t quarantined = 0;  ///< models that are not started again
  std::uint64_t woken = 0;        ///< that slept with a run to do
  std::uint64_t refused = 0;      ///< runs whose inputs had ended a process twice
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
  LoadingSample loading;
  std::optional<WorkersSample> workers;  ///< absent: models run in the server's process
  std::uint64_t in_flight = 0;
  std::uint64_t open_connections = 0;
  std::uint64_t accepted_connections = 0;
  std::uint64_t refused_connections = 0;
  std::uint64_t dropped_in_drain = 0;
  std::uint64_t failed_handshakes = 0;
  /// Answered requests that neither access log nor traces had room for; absent: both are off.
  std::optional<std::uint64_t> requests_not_recorded;
  std::optional<RecordSample> access_log;    ///< absent: off
  std::optional<RecordSample> traces;        ///< exported; absent: off
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
