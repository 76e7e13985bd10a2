#include "monitor/metrics_page.h"

#include <string_view>

namespace slipway::monitor {
namespace {

using Type = PrometheusText::Type;

void WriteBuild(const MetricsSnapshot& snapshot, PrometheusText& text) {
  text.Family("slipway_build_info", Type::kGauge, "Always 1; the labels say what runs.");
  std::vector<Label> labels(snapshot.build.begin(), snapshot.build.end());
  text.Sample(labels, 1);
}

void WriteRequests(const MetricsSnapshot& snapshot, PrometheusText& text) {
  text.Family("slipway_requests_total", Type::kCounter,
              "Requests answered, by protocol, method and status code.");
  for (const RequestSample& sample : snapshot.requests) {
    text.Sample({{"protocol", sample.protocol},
                 {"method", sample.method},
                 {"code", std::to_string(sample.code)}},
                static_cast<double>(sample.count));
  }
  text.Family("slipway_request_seconds", Type::kHistogram,
              "From the request's head to its answer.");
  for (const DurationSample& sample : snapshot.durations) {
    text.Histogram({{"protocol", sample.protocol}, {"method", sample.method}},
                   sample.seconds.View());
  }
  text.Family("slipway_rejected_total", Type::kCounter,
              "Requests refused before any work, by reason.");
  for (const auto& [reason, count] : snapshot.rejected)
    text.Sample({{"reason", reason}}, static_cast<double>(count));
}

struct Scalar {
  std::string_view name;
  Type type;
  std::string_view help;
  double value;
};

void WriteScalars(std::initializer_list<Scalar> scalars, PrometheusText& text) {
  for (const Scalar& scalar : scalars) {
    text.Family(scalar.name, scalar.type, scalar.help);
    text.Sample({}, scalar.value);
  }
}

void WriteConnections(const MetricsSnapshot& snapshot, PrometheusText& text) {
  WriteScalars(
      {{"slipway_inflight_requests", Type::kGauge, "Requests not answered yet.",
        static_cast<double>(snapshot.in_flight)},
       {"slipway_connections", Type::kGauge, "Open connections.",
        static_cast<double>(snapshot.open_connections)},
       {"slipway_connections_accepted_total", Type::kCounter, "Connections accepted.",
        static_cast<double>(snapshot.accepted_connections)},
       {"slipway_connections_refused_total", Type::kCounter, "Connections beyond the limits.",
        static_cast<double>(snapshot.refused_connections)},
       {"slipway_drain_dropped_total", Type::kCounter, "Requests lost when draining ended.",
        static_cast<double>(snapshot.dropped_in_drain)}},
      text);
  if (snapshot.audit_lost) {
    WriteScalars({{"slipway_audit_lost_total", Type::kCounter,
                   "Administrative acts that could not be written to the audit log.",
                   static_cast<double>(*snapshot.audit_lost)}},
                 text);
  }
  if (!snapshot.certificate_expiry) return;
  WriteScalars({{"slipway_tls_handshakes_failed_total", Type::kCounter,
                 "Connections that ended before their TLS handshake did.",
                 static_cast<double>(snapshot.failed_handshakes)},
                {"slipway_tls_certificate_expiry_timestamp_seconds", Type::kGauge,
                 "When the certificate in use ends, in seconds since 1970.",
                 static_cast<double>(*snapshot.certificate_expiry)}},
               text);
}

template <class Value>
void WriteModelGauge(const MetricsSnapshot& snapshot, std::string_view name, std::string_view help,
                     Value value, PrometheusText& text) {
  text.Family(name, Type::kGauge, help);
  for (const ModelSample& model : snapshot.models) {
    text.Sample({{"model", model.name}, {"version", std::to_string(model.version)}}, value(model));
  }
}

void WriteModelDurations(const MetricsSnapshot& snapshot, std::string_view name,
                         std::string_view help, Distribution ModelSample::* durations,
                         PrometheusText& text) {
  text.Family(name, Type::kHistogram, help);
  for (const ModelSample& model : snapshot.models) {
    if ((model.*durations).counts.empty()) continue;
    text.Histogram({{"model", model.name}, {"version", std::to_string(model.version)}},
                   (model.*durations).View());
  }
}

void WriteCache(const MetricsSnapshot& snapshot, PrometheusText& text) {
  if (!snapshot.cache_bytes) return;
  const auto write = [&](std::string_view name, std::string_view help,
                         std::uint64_t CacheSample::* count) {
    text.Family(name, Type::kCounter, help);
    for (const ModelSample& model : snapshot.models) {
      if (!model.cache) continue;
      text.Sample({{"model", model.name}, {"version", std::to_string(model.version)}},
                  static_cast<double>((*model.cache).*count));
    }
  };
  write("slipway_cache_hits_total", "Requests that were answered from the response cache.",
        &CacheSample::hits);
  write("slipway_cache_misses_total", "Requests that were looked up there in vain.",
        &CacheSample::misses);
  WriteScalars({{"slipway_cache_bytes", Type::kGauge, "What the response cache holds.",
                 static_cast<double>(*snapshot.cache_bytes)}},
               text);
}

void WriteRemotes(const MetricsSnapshot& snapshot, PrometheusText& text) {
  if (snapshot.remotes.empty()) return;
  text.Family("slipway_remote_requests_total", Type::kCounter,
              "Steps of ensembles that another server was to run, by how they ended.");
  for (const RemoteSample& remote : snapshot.remotes) {
    for (const auto& [outcome, count] : remote.requests)
      text.Sample({{"server", remote.server}, {"outcome", outcome}}, static_cast<double>(count));
  }
  text.Family("slipway_remote_retries_total", Type::kCounter, "Requests that were sent again.");
  for (const RemoteSample& remote : snapshot.remotes)
    text.Sample({{"server", remote.server}}, static_cast<double>(remote.retries));
  text.Family("slipway_remote_circuit", Type::kGauge,
              "0: the server is asked; 1: it failed and is not; 2: one request tries it.");
  for (const RemoteSample& remote : snapshot.remotes)
    text.Sample({{"server", remote.server}}, remote.circuit);
}

void WriteModels(const MetricsSnapshot& snapshot, PrometheusText& text) {
  text.Family("slipway_model_state", Type::kGauge, "1 for the state that a version is in.");
  for (const ModelSample& model : snapshot.models) {
    text.Sample(
        {{"model", model.name}, {"version", std::to_string(model.version)}, {"state", model.state}},
        1);
  }
  WriteModelGauge(
      snapshot, "slipway_model_load_seconds", "How long loading took, warm-up included.",
      [](const ModelSample& model) { return model.load_seconds; }, text);
  WriteModelGauge(
      snapshot, "slipway_model_memory_bytes", "Growth of the process while the version loaded.",
      [](const ModelSample& model) { return static_cast<double>(model.memory_bytes); }, text);
  WriteModelDurations(snapshot, "slipway_queue_seconds",
                      "From the decoded request to the start of its run.",
                      &ModelSample::queue_seconds, text);
  WriteModelDurations(snapshot, "slipway_compute_seconds", "The engine's run.",
                      &ModelSample::compute_seconds, text);
  text.Family("slipway_batches_closed_total", Type::kCounter,
              "Runs that requests may share, by why nobody else was in them.");
  for (const ModelSample& model : snapshot.models) {
    for (const auto& [reason, count] : model.batches_closed)
      text.Sample(
          {{"model", model.name}, {"version", std::to_string(model.version)}, {"reason", reason}},
          static_cast<double>(count));
  }
}

void WriteProcess(const ProcessUsage& process, PrometheusText& text) {
  WriteScalars({{"process_cpu_seconds_total", Type::kCounter,
                 "User and system time of the process.", process.cpu_seconds},
                {"process_resident_memory_bytes", Type::kGauge, "Resident memory.",
                 static_cast<double>(process.resident_bytes)},
                {"process_virtual_memory_bytes", Type::kGauge, "Virtual memory.",
                 static_cast<double>(process.virtual_bytes)},
                {"process_open_fds", Type::kGauge, "Open file descriptors.",
                 static_cast<double>(process.open_descriptors)},
                {"process_max_fds", Type::kGauge, "Limit of open file descriptors.",
                 static_cast<double>(process.max_descriptors)},
                {"process_threads", Type::kGauge, "Threads of the process.",
                 static_cast<double>(process.threads)},
                {"process_start_time_seconds", Type::kGauge, "Start of the process, since 1970.",
                 process.start_unix_seconds}},
               text);
}

}  // namespace

std::string RenderMetrics(const MetricsSnapshot& snapshot, const ProcessUsage& process) {
  PrometheusText text;
  WriteBuild(snapshot, text);
  WriteRequests(snapshot, text);
  WriteConnections(snapshot, text);
  WriteModels(snapshot, text);
  WriteCache(snapshot, text);
  WriteRemotes(snapshot, text);
  WriteProcess(process, text);
  return std::move(text).Take();
}

}  // namespace slipway::monitor
