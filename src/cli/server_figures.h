#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace slipway::cli {

/// What a server has counted of one version until now.
struct ModelFigures {
  std::string name;
  std::string version;
  std::string state;  ///< "READY", "LOADING", ...
  double succeeded = 0;
  double failed = 0;  ///< for whatever reason
  double rows = 0;
  double runs = 0;
  double waiting = 0;  ///< now
  double memory_bytes = 0;
  std::vector<double> upper_bounds;  ///< seconds, ascending, the last is infinite
  std::vector<double> answered;      ///< within that bound, cumulative
};

/// What a server says of itself in /metrics.
struct ServerFigures {
  std::string version;
  std::string engine;
  double requests = 0;
  double server_errors = 0;  ///< HTTP 5xx
  double rejected = 0;
  double in_flight = 0;
  double connections = 0;
  double memory_bytes = 0;
  double cpu_seconds = 0;
  double threads = 0;
  double start_unix_seconds = 0;
  std::vector<ModelFigures> models;  ///< in the order of the page
};

/// Reads the Prometheus text of a server, without trust: what is not understood is passed over.
/// DataLoss: no page of ours.
Result<ServerFigures> ParseServerFigures(std::string_view text);

/// What happened to one version between two looks.
struct ModelRates {
  double per_second = 0;         ///< right answers
  double failed_per_second = 0;  ///< others
  double median_seconds = 0;     ///< 0: nothing was answered
  double p99_seconds = 0;        ///< alike
  double batch_rows = 0;         ///< the mean of its runs; 0: none
};

/// `before` and `after` are of the same version; a version that began anew counts from 0. Quantiles
/// are those of a histogram: between two bounds on a straight line. Precondition: seconds > 0.
ModelRates RatesBetween(const ModelFigures& before, const ModelFigures& after, double seconds);

}  // namespace slipway::cli
