#include "monitor/metrics_page.h"

#include <string_view>

#include "monitor/metric_catalogue.h"
#include "monitor/peer_metrics.h"

namespace slipway::monitor {
namespace {

void WriteBuild(const MetricsSnapshot& snapshot, PrometheusText& text) {
  text.Family(MetricNamed("slipway_build_info"));
  std::vector<Label> labels(snapshot.build.begin(), snapshot.build.end());
  text.Sample(labels, 1);
}

void WriteRequests(const MetricsSnapshot& snapshot, PrometheusText& text) {
  text.Family(MetricNamed("slipway_requests_total"));
  for (const RequestSample& sample : snapshot.requests) {
    text.Sample({{"protocol", sample.protocol},
                 {"method", sample.method},
                 {"code", std::to_string(sample.code)}},
                static_cast<double>(sample.count));
  }
  text.Family(MetricNamed("slipway_request_seconds"));
  for (const DurationSample& sample : snapshot.durations) {
    text.Histogram({{"protocol", sample.protocol}, {"method", sample.method}},
                   sample.seconds.View());
  }
  text.Family(MetricNamed("slipway_rejected_total"));
  for (const auto& [reason, count] : snapshot.rejected)
    text.Sample({{"reason", reason}}, static_cast<double>(count));
}

template <class Number>
void WriteScalar(const MetricFamily& family, Number value, PrometheusText& text) {
  text.Family(family);
  text.Sample({}, static_cast<double>(value));
}

void WriteConnections(const MetricsSnapshot& snapshot, PrometheusText& text) {
  WriteScalar(MetricNamed("slipway_inflight_requests"), snapshot.in_flight, text);
  WriteScalar(MetricNamed("slipway_connections"), snapshot.open_connections, text);
  WriteScalar(MetricNamed("slipway_connections_accepted_total"), snapshot.accepted_connections,
              text);
  WriteScalar(MetricNamed("slipway_connections_refused_total"), snapshot.refused_connections, text);
  WriteScalar(MetricNamed("slipway_drain_dropped_total"), snapshot.dropped_in_drain, text);
  if (snapshot.audit_lost)
    WriteScalar(MetricNamed("slipway_audit_lost_total"), *snapshot.audit_lost, text);
  if (!snapshot.certificate_expiry) return;
  WriteScalar(MetricNamed("slipway_tls_handshakes_failed_total"), snapshot.failed_handshakes, text);
  WriteScalar(MetricNamed("slipway_tls_certificate_expiry_timestamp_seconds"),
              *snapshot.certificate_expiry, text);
}

/// `value` of every version that has one: a number, or an optional.
template <class Value>
void WriteOfModels(const MetricFamily& family, const MetricsSnapshot& snapshot, Value value,
                   PrometheusText& text) {
  text.Family(family);
  for (const ModelSample& model : snapshot.models) {
    const std::optional<double> number = value(model);
    if (!number) continue;
    text.Sample({{"model", model.name}, {"version", std::to_string(model.version)}}, *number);
  }
}

/// Reads one count of those that are ready.
auto Counted(std::uint64_t ModelCounts::* count) {
  return [count](const ModelSample& model) -> std::optional<double> {
    if (!model.counts) return std::nullopt;
    return static_cast<double>((*model.counts).*count);
  };
}

void WriteDurations(const MetricFamily& family, const MetricsSnapshot& snapshot,
                    Distribution ModelSample::* durations, PrometheusText& text) {
  text.Family(family);
  for (const ModelSample& model : snapshot.models) {
    if ((model.*durations).counts.empty()) continue;
    text.Histogram({{"model", model.name}, {"version", std::to_string(model.version)}},
                   (model.*durations).View());
  }
}

void WriteRemotes(const MetricsSnapshot& snapshot, PrometheusText& text) {
  if (snapshot.remotes.empty()) return;
  text.Family(MetricNamed("slipway_remote_requests_total"));
  for (const RemoteSample& remote : snapshot.remotes) {
    for (const auto& [outcome, count] : remote.requests)
      text.Sample({{"server", remote.server}, {"outcome", outcome}}, static_cast<double>(count));
  }
  text.Family(MetricNamed("slipway_remote_retries_total"));
  for (const RemoteSample& remote : snapshot.remotes)
    text.Sample({{"server", remote.server}}, static_cast<double>(remote.retries));
  text.Family(MetricNamed("slipway_remote_circuit"));
  for (const RemoteSample& remote : snapshot.remotes)
    text.Sample({{"server", remote.server}}, remote.circuit);
}

void WriteLoading(const MetricsSnapshot& snapshot, PrometheusText& text) {
  text.Family(MetricNamed("slipway_model_state"));
  for (const ModelSample& model : snapshot.models) {
    text.Sample(
        {{"model", model.name}, {"version", std::to_string(model.version)}, {"state", model.state}},
        1);
  }
  WriteOfModels(
      MetricNamed("slipway_model_load_seconds"), snapshot,
      [](const ModelSample& model) { return model.load_seconds; }, text);
  WriteOfModels(
      MetricNamed("slipway_model_memory_bytes"), snapshot,
      [](const ModelSample& model) { return static_cast<double>(model.memory_bytes); }, text);
  WriteOfModels(
      MetricNamed("slipway_model_mapped_bytes"), snapshot,
      [](const ModelSample& model) { return static_cast<double>(model.mapped_bytes); }, text);
  WriteScalar(MetricNamed("slipway_memory_budget_bytes"), snapshot.loading.memory_budget, text);
  WriteScalar(MetricNamed("slipway_memory_held_bytes"), snapshot.loading.memory_held, text);
  text.Family(MetricNamed("slipway_models_paged_total"));
  text.Sample({{"direction", "out"}}, static_cast<double>(snapshot.loading.paged_out));
  text.Sample({{"direction", "in"}}, static_cast<double>(snapshot.loading.paged_in));
  text.Family(MetricNamed("slipway_compile_cache_total"));
  for (const auto& [outcome, count] : snapshot.loading.compile_cache)
    text.Sample({{"outcome", outcome}}, static_cast<double>(count));
}

void WriteWorkers(const MetricsSnapshot& snapshot, PrometheusText& text) {
  if (!snapshot.workers) return;
  WriteScalar(MetricNamed("slipway_worker_processes"), snapshot.workers->running, text);
  text.Family(MetricNamed("slipway_worker_processes_ended_total"));
  for (const auto& [reason, count] : snapshot.workers->ended)
    text.Sample({{"reason", reason}}, static_cast<double>(count));
  WriteScalar(MetricNamed("slipway_worker_restarts_total"), snapshot.workers->restarts, text);
  WriteScalar(MetricNamed("slipway_models_quarantined_total"), snapshot.workers->quarantined, text);
  WriteScalar(MetricNamed("slipway_inputs_refused_total"), snapshot.workers->refused, text);
  WriteScalar(MetricNamed("slipway_worker_wakeups_total"), snapshot.workers->woken, text);
}

void WriteOutcomes(const MetricsSnapshot& snapshot, PrometheusText& text) {
  text.Family(MetricNamed("slipway_model_requests_total"));
  for (const ModelSample& model : snapshot.models) {
    if (!model.counts) continue;
    for (const auto& [outcome, count] : model.counts->Outcomes())
      text.Sample(
          {{"model", model.name}, {"version", std::to_string(model.version)}, {"outcome", outcome}},
          static_cast<double>(count));
  }
}

void WriteInference(const MetricsSnapshot& snapshot, PrometheusText& text) {
  WriteOutcomes(snapshot, text);
  WriteOfModels(MetricNamed("slipway_model_rows_total"), snapshot, Counted(&ModelCounts::rows),
                text);
  WriteOfModels(MetricNamed("slipway_model_runs_total"), snapshot, Counted(&ModelCounts::runs),
                text);
  WriteOfModels(MetricNamed("slipway_queue_requests"), snapshot, Counted(&ModelCounts::waiting),
                text);
  WriteDurations(MetricNamed("slipway_model_request_seconds"), snapshot,
                 &ModelSample::request_seconds, text);
  WriteDurations(MetricNamed("slipway_queue_seconds"), snapshot, &ModelSample::queue_seconds, text);
  WriteDurations(MetricNamed("slipway_batch_seconds"), snapshot, &ModelSample::batch_seconds, text);
  WriteDurations(MetricNamed("slipway_compute_seconds"), snapshot, &ModelSample::compute_seconds,
                 text);
  WriteDurations(MetricNamed("slipway_encode_seconds"), snapshot, &ModelSample::encode_seconds,
                 text);
}

void WriteBatches(const MetricsSnapshot& snapshot, PrometheusText& text) {
  text.Family(MetricNamed("slipway_batches_closed_total"));
  for (const ModelSample& model : snapshot.models) {
    for (const auto& [reason, count] : model.batches_closed)
      text.Sample(
          {{"model", model.name}, {"version", std::to_string(model.version)}, {"reason", reason}},
          static_cast<double>(count));
  }
}

void WriteCache(const MetricsSnapshot& snapshot, PrometheusText& text) {
  if (!snapshot.cache_bytes) return;
  const auto counted = [](std::uint64_t CacheSample::* count) {
    return [count](const ModelSample& model) -> std::optional<double> {
      if (!model.cache) return std::nullopt;
      return static_cast<double>((*model.cache).*count);
    };
  };
  WriteOfModels(MetricNamed("slipway_cache_hits_total"), snapshot, counted(&CacheSample::hits),
                text);
  WriteOfModels(MetricNamed("slipway_cache_misses_total"), snapshot, counted(&CacheSample::misses),
                text);
  WriteScalar(MetricNamed("slipway_cache_bytes"), *snapshot.cache_bytes, text);
}

void WriteRecords(const MetricsSnapshot& snapshot, PrometheusText& text) {
  if (snapshot.requests_not_recorded)
    WriteScalar(MetricNamed("slipway_requests_not_recorded_total"), *snapshot.requests_not_recorded,
                text);
  if (snapshot.access_log) {
    WriteScalar(MetricNamed("slipway_access_log_lines_total"), snapshot.access_log->written, text);
    WriteScalar(MetricNamed("slipway_access_log_lost_total"), snapshot.access_log->not_written,
                text);
  }
  if (!snapshot.traces) return;
  WriteScalar(MetricNamed("slipway_traces_exported_total"), snapshot.traces->written, text);
  WriteScalar(MetricNamed("slipway_traces_lost_total"), snapshot.traces->not_written, text);
}

void WriteProcess(const ProcessUsage& process, PrometheusText& text) {
  WriteScalar(MetricNamed("process_cpu_seconds_total"), process.cpu_seconds, text);
  WriteScalar(MetricNamed("process_resident_memory_bytes"), process.resident_bytes, text);
  WriteScalar(MetricNamed("process_virtual_memory_bytes"), process.virtual_bytes, text);
  WriteScalar(MetricNamed("process_open_fds"), process.open_descriptors, text);
  WriteScalar(MetricNamed("process_max_fds"), process.max_descriptors, text);
  WriteScalar(MetricNamed("process_threads"), process.threads, text);
  WriteScalar(MetricNamed("process_start_time_seconds"), process.start_unix_seconds, text);
}

}  // namespace

std::string RenderMetrics(const MetricsSnapshot& snapshot, const ProcessUsage& process,
                          const PeerNames& peers) {
  PrometheusText text;
  WriteBuild(snapshot, text);
  WriteRequests(snapshot, text);
  WriteConnections(snapshot, text);
  WriteLoading(snapshot, text);
  WriteWorkers(snapshot, text);
  WriteInference(snapshot, text);
  WriteBatches(snapshot, text);
  WriteCache(snapshot, text);
  WriteRemotes(snapshot, text);
  WriteRecords(snapshot, text);
  WriteProcess(process, text);
  if (peers.triton) WriteTritonMetrics(snapshot, text);
  if (peers.tfserving) WriteServingMetrics(snapshot, text);
  return std::move(text).Take();
}

}  // namespace slipway::monitor
