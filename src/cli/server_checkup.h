#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/finding.h"
#include "cli/server_client.h"

namespace slipway::cli {

/// What a running server says of itself, and what was seen of it from here. What it did not say is
/// absent: it needs a key that this user has not.
struct ServerReading {
  bool is_ready = false;
  std::string version;
  std::optional<std::int64_t> clock_ahead_seconds;  ///< of ours
  std::optional<std::vector<ServedVersion>> models;
  std::optional<std::string> metrics;             ///< the page of /metrics
  std::optional<std::string> configuration;       ///< the document of /v2/config
  std::optional<std::uint64_t> store_free_bytes;  ///< where its store is on this machine
  std::int64_t now_unix_seconds = 0;
};

/// The sum of a metric's samples on a page in Prometheus' text format, whatever their labels;
/// absent: it has none. `label`: only samples that have it, such as R"(reason="queue_full")".
std::optional<double> SumOfMetric(std::string_view page, std::string_view name,
                                  std::string_view label = "");

/// A finding for each thing that can be judged. Pure.
std::vector<Finding> JudgeServer(const ServerReading& reading);

}  // namespace slipway::cli
