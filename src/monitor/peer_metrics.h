#pragma once

#include "monitor/metrics_snapshot.h"
#include "monitor/prometheus_text.h"

namespace slipway::monitor {

/// Under whose names a server counts beside its own.
struct PeerNames {
  bool triton = false;
  bool tfserving = false;
};

/// The families of Triton's /metrics that we count (nv_inference_*, nv_model_*, nv_cache_*), from
/// the same counters as our own; the counters of its durations are microseconds.
void WriteTritonMetrics(const MetricsSnapshot& snapshot, PrometheusText& text);

/// Those of TensorFlow Serving's /monitoring/prometheus/metrics (:tensorflow:serving:*), in
/// microseconds. Without its labels API and entrypoint, by which models are not counted here.
void WriteServingMetrics(const MetricsSnapshot& snapshot, PrometheusText& text);

}  // namespace slipway::monitor
