#pragma once

#include <string>

#include "monitor/metrics_snapshot.h"
#include "monitor/peer_metrics.h"
#include "monitor/process_usage.h"

namespace slipway::monitor {

/// The body of /metrics, in the Prometheus text format: what is in the catalogue and was counted,
/// and behind it the same under the names of `peers`. Pure.
std::string RenderMetrics(const MetricsSnapshot& snapshot, const ProcessUsage& process,
                          const PeerNames& peers = {});

}  // namespace slipway::monitor
