#pragma once

#include <array>
#include <string_view>

#include "monitor/prometheus_text.h"

namespace slipway::monitor {

/// One family of metrics of /metrics.
struct MetricFamily {
  std::string_view name;
  PrometheusText::Type type = PrometheusText::Type::kGauge;
  std::string_view labels;  ///< "model, version"; empty: none
  std::string_view help;
};

inline constexpr std::string_view kLabelsOfModel = "model, version";

/// Every family under our own names, in the order of the page. What is not here is on no page, and
/// nothing else may be in a dashboard, an alert or the manual.
inline constexpr std::array kMetricCatalogue = {
    MetricFamily{"slipway_build_info", PrometheusText::Type::kGauge, "version, engine",
                 "Always 1; the labels say what runs."},
    MetricFamily{"slipway_requests_total", PrometheusText::Type::kCounter, "protocol, method, code",
                 "Requests answered, by protocol, method and status code."},
    MetricFamily{"slipway_request_seconds", PrometheusText::Type::kHistogram, "protocol, method",
                 "From the request's head to its answer."},
    MetricFamily{"slipway_rejected_total", PrometheusText::Type::kCounter, "reason",
                 "Requests refused before any work, by reason."},
    MetricFamily{"slipway_inflight_requests", PrometheusText::Type::kGauge, "",
                 "Requests not answered yet."},
    MetricFamily{"slipway_connections", PrometheusText::Type::kGauge, "",
                 "Open connections, of all listeners."},
    MetricFamily{"slipway_connections_accepted_total", PrometheusText::Type::kCounter, "",
                 "Connections accepted."},
    MetricFamily{"slipway_connections_refused_total", PrometheusText::Type::kCounter, "",
                 "Connections beyond the limits."},
    MetricFamily{"slipway_drain_dropped_total", PrometheusText::Type::kCounter, "",
                 "Requests lost when draining ended."},
    MetricFamily{"slipway_audit_lost_total", PrometheusText::Type::kCounter, "",
                 "Administrative acts that could not be written to the audit log."},
    MetricFamily{"slipway_tls_handshakes_failed_total", PrometheusText::Type::kCounter, "",
                 "Connections that ended before their TLS handshake did."},
    MetricFamily{"slipway_tls_certificate_expiry_timestamp_seconds", PrometheusText::Type::kGauge,
                 "", "When the certificate in use ends, in seconds since 1970."},
    MetricFamily{"slipway_model_state", PrometheusText::Type::kGauge, "model, version, state",
                 "1 for the state that a version is in."},
    MetricFamily{"slipway_model_load_seconds", PrometheusText::Type::kGauge, kLabelsOfModel,
                 "How long loading took, warm-up included."},
    MetricFamily{"slipway_model_memory_bytes", PrometheusText::Type::kGauge, kLabelsOfModel,
                 "What the version has to itself, measured while it loaded."},
    MetricFamily{"slipway_model_mapped_bytes", PrometheusText::Type::kGauge, kLabelsOfModel,
                 "Its weights in files of the compile cache, shared by all who load them."},
    MetricFamily{"slipway_memory_budget_bytes", PrometheusText::Type::kGauge, "",
                 "What all models together may have; 0: any."},
    MetricFamily{"slipway_memory_held_bytes", PrometheusText::Type::kGauge, "",
                 "What loaded models have, and loads under way are expected to take."},
    MetricFamily{"slipway_models_paged_total", PrometheusText::Type::kCounter, "direction",
                 "Models that left memory to others (out), and came back for a request (in)."},
    MetricFamily{"slipway_compile_cache_total", PrometheusText::Type::kCounter, "outcome",
                 "Models found compiled, built for the next time, or compiled and not kept; and "
                 "kept ones found damaged, or removed to make room."},
    MetricFamily{"slipway_worker_processes", PrometheusText::Type::kGauge, "",
                 "Processes that models run in, with --isolation process."},
    MetricFamily{"slipway_worker_processes_ended_total", PrometheusText::Type::kCounter, "reason",
                 "Those that ended and were not to: by themselves (crash), ended because they hung "
                 "or wrote nonsense, or killed from outside, as where memory ends."},
    MetricFamily{"slipway_worker_restarts_total", PrometheusText::Type::kCounter, "",
                 "How often the process of a model was started again."},
    MetricFamily{"slipway_models_quarantined_total", PrometheusText::Type::kCounter, "",
                 "Models whose process ended too often, and is not started again."},
    MetricFamily{"slipway_inputs_refused_total", PrometheusText::Type::kCounter, "",
                 "Requests that were not run since exactly their input had ended the model's "
                 "process twice."},
    MetricFamily{"slipway_worker_wakeups_total", PrometheusText::Type::kCounter, "",
                 "Processes that slept although they had a request to answer, and were woken."},
    MetricFamily{"slipway_model_requests_total", PrometheusText::Type::kCounter,
                 "model, version, outcome", "Inferences by what became of them."},
    MetricFamily{"slipway_model_rows_total", PrometheusText::Type::kCounter, kLabelsOfModel,
                 "Rows of the inferences that succeeded."},
    MetricFamily{"slipway_model_runs_total", PrometheusText::Type::kCounter, kLabelsOfModel,
                 "Runs of the engine; rows divided by runs is the mean batch."},
    MetricFamily{"slipway_queue_requests", PrometheusText::Type::kGauge, kLabelsOfModel,
                 "Requests that wait for a worker now."},
    MetricFamily{"slipway_model_request_seconds", PrometheusText::Type::kHistogram, kLabelsOfModel,
                 "From the decoded request to its outputs."},
    MetricFamily{"slipway_queue_seconds", PrometheusText::Type::kHistogram, kLabelsOfModel,
                 "From the decoded request to the start of its run."},
    MetricFamily{"slipway_batch_seconds", PrometheusText::Type::kHistogram, kLabelsOfModel,
                 "Checking a request, joining it with others, memory for its outputs."},
    MetricFamily{"slipway_compute_seconds", PrometheusText::Type::kHistogram, kLabelsOfModel,
                 "The engine's run."},
    MetricFamily{"slipway_encode_seconds", PrometheusText::Type::kHistogram, kLabelsOfModel,
                 "From the run's end to the answer."},
    MetricFamily{"slipway_batches_closed_total", PrometheusText::Type::kCounter,
                 "model, version, reason",
                 "Runs that requests may share, by why nobody else was in them."},
    MetricFamily{"slipway_cache_hits_total", PrometheusText::Type::kCounter, kLabelsOfModel,
                 "Requests that were answered from the response cache."},
    MetricFamily{"slipway_cache_misses_total", PrometheusText::Type::kCounter, kLabelsOfModel,
                 "Requests that were looked up there in vain."},
    MetricFamily{"slipway_cache_bytes", PrometheusText::Type::kGauge, "",
                 "What the response cache holds."},
    MetricFamily{"slipway_remote_requests_total", PrometheusText::Type::kCounter, "server, outcome",
                 "Steps of ensembles that another server was to run, by how they ended."},
    MetricFamily{"slipway_remote_retries_total", PrometheusText::Type::kCounter, "server",
                 "Requests that were sent again."},
    MetricFamily{"slipway_remote_circuit", PrometheusText::Type::kGauge, "server",
                 "0: the server is asked; 1: it failed and is not; 2: one request tries it."},
    MetricFamily{"slipway_requests_not_recorded_total", PrometheusText::Type::kCounter, "",
                 "Answered requests that the access log and traces had no room for."},
    MetricFamily{"slipway_access_log_lines_total", PrometheusText::Type::kCounter, "",
                 "Lines of the access log."},
    MetricFamily{"slipway_access_log_lost_total", PrometheusText::Type::kCounter, "",
                 "Lines that could not be written to the access log."},
    MetricFamily{"slipway_traces_exported_total", PrometheusText::Type::kCounter, "",
                 "Requests whose spans the collector took."},
    MetricFamily{"slipway_traces_lost_total", PrometheusText::Type::kCounter, "",
                 "Sampled requests whose spans no collector took."},
    MetricFamily{"process_cpu_seconds_total", PrometheusText::Type::kCounter, "",
                 "User and system time of the process."},
    MetricFamily{"process_resident_memory_bytes", PrometheusText::Type::kGauge, "",
                 "Resident memory."},
    MetricFamily{"process_virtual_memory_bytes", PrometheusText::Type::kGauge, "",
                 "Virtual memory."},
    MetricFamily{"process_open_fds", PrometheusText::Type::kGauge, "", "Open file descriptors."},
    MetricFamily{"process_max_fds", PrometheusText::Type::kGauge, "",
                 "Limit of open file descriptors."},
    MetricFamily{"process_threads", PrometheusText::Type::kGauge, "", "Threads of the process."},
    MetricFamily{"process_start_time_seconds", PrometheusText::Type::kGauge, "",
                 "Start of the process, since 1970."},
};

/// The row of that name; none of that name does not compile.
consteval const MetricFamily& MetricNamed(std::string_view name) {
  for (const MetricFamily& family : kMetricCatalogue) {
    if (family.name == name) return family;
  }
  throw "no metric has that name";
}

}  // namespace slipway::monitor
