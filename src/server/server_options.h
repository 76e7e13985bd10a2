#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/quota.h"
#include "access/right.h"
#include "base/file.h"
#include "base/status.h"
#include "base/thread_budget.h"
#include "engine/compile_cache.h"
#include "engine/worker/worker_host.h"
#include "monitor/access_log.h"
#include "monitor/peer_metrics.h"
#include "monitor/span_exporter.h"
#include "net/server/http_server.h"
#include "net/socket/tls_context.h"
#include "serve/control/load_request.h"
#include "serve/http/cors_policy.h"
#include "serve/http/dialect.h"
#include "serve/model/model_config.h"
#include "serve/predict/sequence_limits.h"
#include "serve/remote/remote_server.h"
#include "serve/shared_memory/region_table.h"

namespace slipway::server {

/// A model to load before the server is ready.
struct StartupModel {
  std::string name;
  serve::LoadRequest request;  ///< as over the network: the latest version unless it says another
  bool may_fail = false;       ///< true: the others are served without it
};

/// Where a server takes its administrative requests, and nowhere else.
struct AdminListener {
  std::string address = "127.0.0.1";  ///< or "unix:PATH"
  std::uint16_t port = 0;             ///< 0: any free one, or none
  /// That listen already, in the place of `port`; `address` says how far they reach.
  std::vector<std::shared_ptr<FileDescriptor>> sockets;
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: any free one
  /// That listen already, in the place of `port`; `address` says how far they reach.
  std::vector<std::shared_ptr<FileDescriptor>> sockets;
  std::optional<net::TlsServerOptions> tls;  ///< absent: clear text
  bool insecure = false;     ///< true: neither TLS nor keys are asked for where others can reach
  bool require_key = false;  ///< true: everything but health needs a key, on any address
  access::Openness openness = access::Openness::kToNobody;  ///< what needs no key; Decided() says
  std::optional<AdminListener> admin;                       ///< absent: at the address of the rest
  std::string audit_log;                 ///< the file of administrative acts; empty: none
  monitor::AccessLogOptions access_log;  ///< of every request
  monitor::TraceOptions traces;          ///< where spans of requests go
  monitor::PeerNames metrics_names;      ///< that /metrics has beside our own
  access::Quota anonymous_quota;  ///< of each network's callers that show no key and no certificate
  serve::CorsPolicy cors;         ///< which other sites' pages may read answers: none
  serve::Dialect dialect = serve::Dialect::kTfServing;
  bool batching = true;  ///< false: every request has a run of the engine to itself
  std::optional<serve::ModelConfig> default_config;  ///< of models that bring none, where it fits
  std::string store_folder;                          ///< where the admin key lies
  std::vector<StartupModel> models;

  unsigned loops = 0;    ///< event-loop threads; 0: one a core
  unsigned workers = 0;  ///< threads for models too slow for a loop; 0: one a core
  net::HttpLimits limits;
  std::uint64_t max_body_bytes = 64 * 1024 * 1024;
  std::size_t max_queued = 256;        ///< requests that wait for one model
  std::uint64_t max_queued_bytes = 0;  ///< of all requests that wait; 0: a quarter of the memory
  std::uint64_t max_run_bytes = 0;     ///< of one run of a model; 0: a quarter of the memory
  /// Of all models together; 0: four fifths of the memory.
  std::uint64_t memory_budget = 0;
  /// What does not fit takes the place of models that were used longest ago; false: is refused.
  bool pages_models = true;
  /// Of compiled models that are kept in the store, for quick loads; 0: none are.
  std::uint64_t compile_cache_bytes = engine::CompileCacheOptions{}.max_bytes;
  unsigned load_threads = 2;           ///< so many models load at a time
  bool isolates_models = false;        ///< true: each runs in a confined process of its own
  std::uint64_t worker_memory = 0;     ///< of such a process, beside weights in files; 0: any
  std::uint64_t worker_run_bytes = 0;  ///< of the tensors of one run; 0: as much as a run may take
  std::chrono::milliseconds run_limit{60'000};  ///< of a run there that has no deadline
  std::uint64_t response_cache_bytes = 0;  ///< of answers that are kept, of all models; 0: none are
  serve::SequenceLimits sequence_limits;
  std::chrono::milliseconds default_deadline{30'000};
  bool shared_memory = false;  ///< true: clients of this machine may share memory with the server
  serve::SharedMemoryLimits shared_memory_limits;
  std::vector<serve::RemoteServerOptions> remotes;  ///< that steps of ensembles may name

  std::optional<std::chrono::milliseconds> drain_delay;  ///< absent: 0 on loopback, else 5 s
  std::chrono::milliseconds drain_timeout{20'000};
};

/// True for what this machine alone reaches: 127.0.0.0/8, ::1, "localhost" and "unix:PATH".
bool IsLoopback(const std::string& address);

/// The options with every absent value decided from the address, the thread budget and the memory
/// that this process may use.
///
/// Without a key: on loopback all but administering; elsewhere inference, if the clients show a
/// certificate (mTLS) or with `insecure`, else health alone; with `require_key` health alone.
///
/// FailedPrecondition (kInsecureAddress): an address that others can reach, with neither `tls` nor
/// `insecure`; the admin listener's alike, and another server's in clear text.
///
/// Threads stay within the budget: a loop that runs a model does no input or output meanwhile, so
/// one loop a core is one busy thread a core; slow models leave the loops idle and take the
/// workers, again one a core. Loading takes its own, of lower priority.
Result<ServerOptions> Decided(ServerOptions options, const ThreadBudget& budget,
                              std::uint64_t memory_bytes);

/// How models run in processes of their own; `options` are decided. A process takes as many runs
/// at a time as there are threads here that run models.
engine::WorkerOptions WorkersOf(const ServerOptions& options);

}  // namespace slipway::server
