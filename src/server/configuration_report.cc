#include "server/configuration_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "access/login_checker.h"
#include "base/json.h"
#include "base/version.h"
#include "monitor/request_recorder.h"
#include "net/client/http_url.h"
#include "net/socket/local_socket.h"
#include "package/ensemble.h"
#include "repository/layout.h"
#include "serve/control/model_control.h"
#include "serve/grpc/grpc_api.h"
#include "serve/model/kept_profiles.h"
#include "serve/model/model_config.h"
#include "serve/predict/response_cache.h"
#include "serve/remote/remote_server.h"
#include "tensor/shape.h"

namespace slipway::server {
namespace {

using serve::Limit;

std::uint64_t Count(std::chrono::milliseconds duration) {
  return static_cast<std::uint64_t>(duration.count());
}

std::vector<Limit> NetworkLimits(const net::HttpLimits& limits) {
  return {
      {"request_line", limits.request_line_bytes, "bytes", "414"},
      {"headers", limits.header_bytes, "bytes", "431"},
      {"header_count", limits.header_count, "headers", "431"},
      {"chunk_extensions", limits.chunk_extension_bytes, "bytes", "400"},
      {"header_timeout", Count(limits.header_timeout), "ms", "408"},
      {"idle_timeout", Count(limits.idle_timeout), "ms", "the connection is closed"},
      {"body_grace", Count(limits.body_grace), "ms", "then body_rate holds"},
      {"body_rate", limits.body_bytes_per_second, "bytes/s", "408 below"},
      {"tls_handshake_timeout", Count(limits.tls_handshake_timeout), "ms",
       "the connection is closed"},
      {"tls_handshakes", limits.tls_handshakes, "connections", "closed beyond"},
      {"write_stall", Count(limits.write_stall), "ms", "the connection is reset"},
      {"connections", limits.connections, "connections",
       "refused beyond; never more than half of the descriptors"},
      {"connections_per_address", limits.connections_per_address, "connections", "refused beyond"},
      {"pipelined_requests", limits.pipelined_requests, "requests", "wait in the socket"},
      {"bodies_together", limits.body_bytes_total, "bytes", "503 with Retry-After"},
      {"http2_streams", limits.http2.streams, "streams", "REFUSED_STREAM, of one connection"},
      {"http2_stream_window", limits.http2.stream_window, "bytes", "the client waits"},
      {"http2_connection_window", limits.http2.connection_window, "bytes", "the client waits"},
      {"http2_stream_unsent", limits.http2.stream_unsent, "bytes", "the sender waits"},
      {"http2_frame", limits.http2.frame_bytes, "bytes", "FRAME_SIZE_ERROR"},
      {"http2_large_frame", limits.http2.large_frame_bytes, "bytes",
       "FRAME_SIZE_ERROR, of a client that sent a large body"},
      {"http2_resets", limits.http2.resets, "resets in 10 s", "GOAWAY ENHANCE_YOUR_CALM"},
      {"http2_control_frames", limits.http2.control_frames, "frames in 10 s",
       "GOAWAY ENHANCE_YOUR_CALM"},
      {"http2_empty_frames", limits.http2.empty_frames, "frames in 10 s",
       "GOAWAY ENHANCE_YOUR_CALM"},
      {"drain_linger", Count(limits.drain_linger), "ms",
       "a drain still listens to connections that were busy this recently"}};
}

/// Of requests and the queues they wait in.
std::vector<Limit> RequestLimits(const ServerOptions& options) {
  return {
      {"body", options.max_body_bytes, "bytes", "413, before and after decompression",
       "--max-body"},
      {"json_depth", JsonLimits{}.max_depth, "levels", "400"},
      {"tensor_dimensions", Shape::kMaxRank, "dimensions", "400"},
      {"queue_per_model", options.max_queued, "requests", "503 with Retry-After", "--max-queued"},
      {"queued_bytes", options.max_queued_bytes, "bytes", "503 with Retry-After"},
      {"stream_requests", serve::GrpcApiLimits{}.max_stream_requests, "requests",
       "the client waits, of one ModelStreamInfer"},
      {"run_bytes", options.max_run_bytes, "bytes", "422"},
      {"control_queue", serve::ModelControl::kMaxWaiting, "requests", "503"},
      {"default_deadline", Count(options.default_deadline), "ms", "504", "--deadline"}};
}

/// Of models, and what their configuration may say.
std::vector<Limit> ModelLimits(const ServerOptions& options) {
  return {
      {"memory_budget", options.memory_budget, "bytes",
       "models that were used longest ago leave for others; 507: a load that does not fit even so",
       "--memory-budget"},
      {"compile_cache", options.compile_cache_bytes, "bytes",
       "what was not loaded for longest goes", "--compile-cache"},
      {"load_threads", options.load_threads, "models", "that load at a time; others wait"},
      {"configured_batch", serve::ModelConfig::kMaxBatchSize, "rows",
       "400: max_batch_size of a model's configuration"},
      {"configured_delay", Count(serve::ModelConfig::kMaxQueueDelay), "ms",
       "400: max_queue_delay_microseconds of a model's configuration"},
      {"configured_priorities", serve::ModelConfig::kMaxPriorityLevels, "levels",
       "400: priority_levels of a model's configuration"},
      {"kept_profiles", serve::KeptProfiles::kMostFiles, "files",
       "of the store's folder profiles; the oldest goes"}};
}

/// Of folders that are served.
std::vector<Limit> FolderLimits() {
  return {{"folder_models", repository::RepositoryLayout::kMaxModels, "models",
           "of one served folder or list; others are passed over"},
          {"folder_entries", repository::FolderLimits{}.max_entries, "files and folders",
           "a served folder with more is not read"},
          {"folder_configuration", repository::FolderLimits{}.max_text_bytes, "bytes",
           "a model with a longer config.pbtxt is not served"}};
}

std::vector<Limit> SharedMemoryLimits(const ServerOptions& options) {
  return {{"shared_memory_regions", options.shared_memory_limits.max_regions, "regions", "429"},
          {"shared_memory_bytes", options.shared_memory_limits.max_bytes, "bytes",
           "429, of all regions; the inputs of a request are bounded as its body is",
           "--max-shared-memory"}};
}

std::vector<Limit> LoginLimits() {
  return {{"logins_waiting", access::LoginChecker::kMostWaiting, "passwords to check", "503"},
          {"logins_remembered", access::LoginChecker::kMostRemembered, "logins",
           "the oldest is checked again"},
          {"login_tries", access::LoginChecker::kTriesAMinute, "passwords a minute, of one network",
           "429"}};
}

std::vector<Limit> ResponseCacheLimits(const ServerOptions& options) {
  return {{"response_cache", options.response_cache_bytes, "bytes",
           "what was not asked for longest goes", "--response-cache"},
          {"response_cache_inputs", serve::ResponseCache::kMaxInputBytes, "bytes",
           "of one request; larger ones are not looked up"}};
}

std::vector<Limit> SequenceLimits(const ServerOptions& options) {
  return {{"sequences_per_model", options.sequence_limits.max_sequences, "sequences",
           "503 with Retry-After, of a start", "--max-sequences"},
          {"sequence_queue", options.sequence_limits.max_waiting, "requests",
           "503 with Retry-After, of one sequence"},
          {"sequence_states", options.sequence_limits.max_state_bytes, "bytes",
           "503 with Retry-After, and the sequence ends; of all sequences"}};
}

/// Of ensembles, and of the servers that run their steps.
std::vector<Limit> EnsembleLimits(const ServerOptions& options) {
  const serve::RemoteServerOptions remote =
      options.remotes.empty() ? serve::RemoteServerOptions() : options.remotes.front();
  return {{"ensemble_steps", package::kMaxEnsembleSteps, "steps", "400"},
          {"remote_connections", remote.connections, "connections",
           "then requests wait, of one server", "--remote-connections"},
          {"remote_queue", remote.max_queued, "requests", "503 with Retry-After, of one server"},
          {"remote_timeout", Count(remote.timeout), "ms", "504, all tries together",
           "--remote-timeout"},
          {"remote_tries", serve::RemoteServerOptions::kMostTries, "tries",
           "of one request; those after the first are a tenth of all at most"},
          {"remote_failures", remote.circuit.failures, "failures in a row",
           "the server is not asked for a while"},
          {"remote_rest", Count(remote.circuit.longest_rest), "ms",
           "longest while; the first is 1 s, each after it twice as long"}};
}

/// Of what is told of requests.
std::vector<Limit> RecordLimits(const ServerOptions& options) {
  return {{"requests_to_record", monitor::RequestRecorder::kRingRequests, "requests",
           "of each event loop; others are missing in the access log and in traces"},
          {"traces_waiting", monitor::SpanExporter::kQueueRequests, "requests",
           "that the collector has not taken; others have no trace"},
          {"access_log", options.access_log.max_bytes, "bytes",
           "then the file is renamed to FILE.1 and begun anew", "--access-log-bytes"}};
}

/// Of a server that ends.
std::vector<Limit> EndLimits(const ServerOptions& options) {
  return {{"drain_delay", Count(options.drain_delay.value_or(std::chrono::milliseconds(0))), "ms",
           "between not ready and no longer listening", "--drain-delay"},
          {"drain_timeout", Count(options.drain_timeout), "ms",
           "then requests in flight are dropped", "--drain-timeout"}};
}

std::vector<Limit> WorkerLimits(const ServerOptions& options) {
  const engine::WorkerOptions workers = WorkersOf(options);
  return {
      {"worker_memory", workers.memory_bytes, "bytes",
       "of each model's process; what asks for more is refused it, or ends", "--worker-memory"},
      {"worker_runs", workers.slots, "runs", "of one model at a time"},
      {"worker_run_tensors", workers.region_bytes, "bytes", "422, inputs and outputs of one run"},
      {"worker_run", Count(workers.hang.longest_run), "ms",
       "without a deadline, or after it: the process is ended", "--run-limit"},
      {"worker_rest", Count(workers.hang.still_time), "ms",
       "asleep with a request to answer: the process is ended"},
      {"worker_load", Count(workers.load_limit), "ms", "to load a model: it is not loaded"},
      {"worker_ends", workers.ends.most, "ends in 60 s",
       "the model's process is not started again"},
      {"worker_inputs", workers.suspects.most, "inputs",
       "of a model that were in a process that ended: the oldest is forgotten"},
      {"worker_refusal", Count(workers.suspects.age), "ms",
       "422, for an input that ended the model's process twice: it is forgotten"}};
}

std::vector<Limit> AllLimits(const ServerOptions& options) {
  std::vector<Limit> all = NetworkLimits(options.limits);
  for (const std::vector<Limit>& group :
       {RequestLimits(options), ModelLimits(options), FolderLimits(), SharedMemoryLimits(options),
        LoginLimits(), ResponseCacheLimits(options), SequenceLimits(options),
        EnsembleLimits(options), RecordLimits(options), EndLimits(options)}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  if (options.isolates_models) std::ranges::copy(WorkerLimits(options), std::back_inserter(all));
  return all;
}

std::string TlsTitle(const ServerOptions& options) {
  if (!options.tls) return "off";
  const bool only_13 = options.tls->least == net::TlsVersion::k13;
  return fmt::format("{}{}", only_13 ? "1.3" : "1.2 and 1.3",
                     options.tls->client_ca_file.empty() ? "" : ", clients need a certificate");
}

std::string IsolationTitle(const ServerOptions& options) {
  return options.isolates_models ? "a confined process for each model"
                                 : "in this process: an engine that crashes ends the server";
}

std::string AdminTitle(const ServerOptions& options) {
  if (!options.admin) return "none: administration is at the same address";
  if (net::LocalPath(options.admin->address)) return "a socket of this machine";
  return fmt::format("{}:{}", options.admin->address, options.admin->port);
}

std::string RemotesTitle(const ServerOptions& options) {
  std::string title;
  for (const serve::RemoteServerOptions& remote : options.remotes)
    title += fmt::format("{}{} at {}", title.empty() ? "" : ", ", remote.name, remote.Origin());
  return title.empty() ? "none" : title;
}

std::string AccessLogTitle(const ServerOptions& options) {
  if (options.access_log.path.empty()) return "off";
  return options.access_log.path == "-" ? "to standard output" : "to a file";
}

std::string TracesTitle(const ServerOptions& options) {
  const Result<net::HttpUrl> url = net::ParseHttpUrl(options.traces.endpoint);
  if (options.traces.endpoint.empty() || !url.ok()) return "off";
  return fmt::format("to {}, {} of those whose caller says nothing", url->Origin(),
                     options.traces.share);
}

std::string MetricsTitle(const ServerOptions& options) {
  std::string title = "slipway";
  if (options.metrics_names.triton) title += " triton";
  if (options.metrics_names.tfserving) title += " tfserving";
  return title;
}

std::string BatchingTitle(const ServerOptions& options) {
  if (!options.batching) return "off";
  if (!options.default_config) return "by measurement";
  return fmt::format("by --batching-parameters, of models without a configuration: {} rows, {} us",
                     options.default_config->max_batch_size,
                     options.default_config->dynamic_batching.value_or(serve::DynamicBatching())
                         .max_queue_delay.count());
}

std::string CorsTitle(const ServerOptions& options) {
  std::string title;
  for (const std::string& origin : options.cors.origins())
    title += (title.empty() ? "" : " ") + origin;
  return title.empty() ? "none" : title;
}

}  // namespace

serve::Configuration ReportConfiguration(const ServerOptions& options, const ThreadBudget& budget,
                                         const std::string& engine) {
  serve::Configuration report;
  report.facts = {{"version", std::string(kVersion)},
                  {"engine", engine},
                  {"engine_isolation", IsolationTitle(options)},
                  {"address", options.address},
                  {"cores", budget.why},
                  {"loops", std::to_string(options.loops)},
                  {"workers", std::to_string(options.workers)},
                  {"batching", BatchingTitle(options)},
                  {"dialect", options.dialect == serve::Dialect::kKServe ? "kserve" : "tfserving"},
                  {"tls", TlsTitle(options)},
                  {"response_cache", options.response_cache_bytes > 0 ? "on" : "off"},
                  {"shared_memory", options.shared_memory ? "on" : "off"},
                  {"cors_origins", CorsTitle(options)},
                  {"remotes", RemotesTitle(options)},
                  {"anonymous_quota", access::Describe(options.anonymous_quota)},
                  {"audit_log", options.audit_log.empty() ? "off" : "on"},
                  {"access_log", AccessLogTitle(options)},
                  {"traces", TracesTitle(options)},
                  {"metrics_names", MetricsTitle(options)},
                  {"admin_listener", AdminTitle(options)},
                  {"insecure", options.insecure ? "yes" : "no"}};
  report.limits = AllLimits(options);
  return report;
}

}  // namespace slipway::server
