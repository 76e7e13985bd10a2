#pragma once

#include <string>

#include "monitor/metrics_snapshot.h"
#include "monitor/process_usage.h"

namespace slipway::monitor {

/// The body of /metrics, in the Prometheus text format. Pure.
std::string RenderMetrics(const MetricsSnapshot& snapshot, const ProcessUsage& process);

}  // namespace slipway::monitor
