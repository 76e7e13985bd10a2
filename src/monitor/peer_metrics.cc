#include "monitor/peer_metrics.h"

#include <array>
#include <cmath>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway::monitor {
namespace {

using Type = PrometheusText::Type;

struct CountFamily {
  std::string_view name;
  Type type;
  std::string_view help;
  std::uint64_t ModelCounts::* count;
};

constexpr std::array kTritonCounts = {
    CountFamily{"nv_inference_request_success", Type::kCounter,
                "Number of successful inference requests, all batch sizes",
                &ModelCounts::succeeded},
    CountFamily{"nv_inference_count", Type::kCounter,
                "Number of inferences performed (does not include cached requests)",
                &ModelCounts::rows},
    CountFamily{"nv_inference_exec_count", Type::kCounter,
                "Number of model executions performed (does not include cached requests)",
                &ModelCounts::runs},
    CountFamily{"nv_inference_request_duration_us", Type::kCounter,
                "Cumulative inference request duration in microseconds (includes cached requests)",
                &ModelCounts::request_us},
    CountFamily{"nv_inference_queue_duration_us", Type::kCounter,
                "Cumulative inference queuing duration in microseconds (includes cached requests)",
                &ModelCounts::queue_us},
    CountFamily{"nv_inference_compute_input_duration_us", Type::kCounter,
                "Cumulative compute input duration in microseconds (does not include cached "
                "requests)",
                &ModelCounts::compute_input_us},
    CountFamily{"nv_inference_compute_infer_duration_us", Type::kCounter,
                "Cumulative compute inference duration in microseconds (does not include cached "
                "requests)",
                &ModelCounts::compute_infer_us},
    CountFamily{"nv_inference_compute_output_duration_us", Type::kCounter,
                "Cumulative inference compute output duration in microseconds (does not include "
                "cached requests)",
                &ModelCounts::compute_output_us},
    CountFamily{"nv_inference_pending_request_count", Type::kGauge,
                "Instantaneous number of pending requests awaiting execution per-model.",
                &ModelCounts::waiting},
};

void WriteTritonFailures(const MetricsSnapshot& snapshot, PrometheusText& text) {
  text.Family("nv_inference_request_failure", Type::kCounter,
              "Number of failed inference requests, all batch sizes");
  for (const ModelSample& model : snapshot.models) {
    if (!model.counts) continue;
    const std::string version = std::to_string(model.version);
    const std::array<std::pair<std::string_view, std::uint64_t>, 4> reasons = {
        {{"REJECTED", model.counts->rejected + model.counts->expired},
         {"CANCELED", model.counts->cancelled},
         {"BACKEND", model.counts->failed},
         {"OTHER", 0}}};
    for (const auto& [reason, count] : reasons)
      text.Sample({{"model", model.name}, {"reason", reason}, {"version", version}},
                  static_cast<double>(count));
  }
}

void WriteTritonCache(const MetricsSnapshot& snapshot, PrometheusText& text) {
  const auto write = [&](std::string_view name, std::string_view help,
                         std::uint64_t CacheSample::* count) {
    text.Family(name, Type::kCounter, help);
    for (const ModelSample& model : snapshot.models) {
      if (!model.cache) continue;
      text.Sample({{"model", model.name}, {"version", std::to_string(model.version)}},
                  static_cast<double>((*model.cache).*count));
    }
  };
  write("nv_cache_num_hits_per_model", "Number of cache hits per model", &CacheSample::hits);
  write("nv_cache_num_misses_per_model", "Number of cache misses per model", &CacheSample::misses);
}

/// The same in microseconds.
void WriteMicroseconds(std::initializer_list<Label> labels, const Distribution& seconds,
                       PrometheusText& text) {
  std::vector<double> bounds;
  for (const double bound : seconds.upper_bounds) bounds.push_back(std::round(bound * 1e6));
  text.Histogram(labels, {bounds, seconds.counts, seconds.sum_seconds * 1e6});
}

}  // namespace

void WriteTritonMetrics(const MetricsSnapshot& snapshot, PrometheusText& text) {
  for (const CountFamily& family : kTritonCounts) {
    text.Family(family.name, family.type, family.help);
    for (const ModelSample& model : snapshot.models) {
      if (!model.counts) continue;
      text.Sample({{"model", model.name}, {"version", std::to_string(model.version)}},
                  static_cast<double>((*model.counts).*family.count));
    }
  }
  WriteTritonFailures(snapshot, text);
  text.Family("nv_model_load_duration_secs", Type::kGauge, "Model load time in seconds");
  for (const ModelSample& model : snapshot.models) {
    if (!model.counts) continue;
    text.Sample({{"model", model.name}, {"version", std::to_string(model.version)}},
                model.load_seconds);
  }
  if (snapshot.cache_bytes) WriteTritonCache(snapshot, text);
}

void WriteServingMetrics(const MetricsSnapshot& snapshot, PrometheusText& text) {
  text.Family(":tensorflow:serving:request_count", Type::kCounter, "The total number of requests.");
  for (const ModelSample& model : snapshot.models) {
    if (!model.counts) continue;
    const ModelCounts& counts = *model.counts;
    const std::string version = std::to_string(model.version);
    const std::array<std::pair<std::string_view, std::uint64_t>, 5> statuses = {
        {{"OK", counts.succeeded},
         {"UNAVAILABLE", counts.rejected},
         {"CANCELLED", counts.cancelled},
         {"DEADLINE_EXCEEDED", counts.expired},
         {"UNKNOWN", counts.failed}}};
    for (const auto& [status, count] : statuses)
      text.Sample({{"model_name", model.name}, {"version", version}, {"status", status}},
                  static_cast<double>(count));
  }
  const auto write = [&](std::string_view name, std::string_view help,
                         Distribution ModelSample::* durations) {
    text.Family(name, Type::kHistogram, help);
    for (const ModelSample& model : snapshot.models) {
      if ((model.*durations).counts.empty()) continue;
      WriteMicroseconds({{"model_name", model.name}, {"version", std::to_string(model.version)}},
                        model.*durations, text);
    }
  };
  write(":tensorflow:serving:request_latency",
        "Distribution of wall time (in microseconds) for inference requests.",
        &ModelSample::request_seconds);
  write(":tensorflow:serving:runtime_latency",
        "Distribution of wall time (in microseconds) for the engine's run.",
        &ModelSample::compute_seconds);
  write(":tensorflow:serving:batching_session:queuing_latency",
        "Distribution of wall time spent (in microseconds) in queuing.",
        &ModelSample::queue_seconds);
}

}  // namespace slipway::monitor
