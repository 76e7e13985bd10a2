#pragma once

#include <string>
#include <vector>

#include "access/audit_log.h"
#include "access/gatekeeper.h"
#include "engine/compile_cache.h"
#include "engine/worker/isolated_engine.h"
#include "monitor/metrics_snapshot.h"
#include "net/server/http_server.h"
#include "serve/model/model_set.h"
#include "serve/predict/request_metrics.h"
#include "serve/predict/response_cache.h"
#include "serve/remote/remote_servers.h"
#include "server/request_watch.h"

namespace slipway::server {

/// What /metrics shows of a server, read from whoever counts. What it refers to outlives it.
class ServerMetrics final : public monitor::MetricsView {
 public:
  struct Sources {
    const serve::ModelSet& models;
    std::vector<const serve::RequestMetrics*> requests;  ///< of each protocol
    std::vector<const net::HttpServer*> listeners;
    const access::Gatekeeper& gatekeeper;
    const access::AuditLog* audit;    ///< may be absent
    const net::TlsCertificates* tls;  ///< may be absent
    const serve::ResponseCache& cache;
    const serve::RemoteServers& remotes;
    const RequestWatch& watch;
    const engine::CompileCache& compile_cache;
    const engine::IsolatedEngine* isolated;  ///< may be absent
  };
  /// `engine`: "onnxruntime 1.31.1".
  ServerMetrics(Sources sources, std::string engine);

  monitor::MetricsSnapshot Snapshot() const override;

 private:
  static void AddRequests(const serve::RequestMetrics& requests,
                          monitor::MetricsSnapshot& snapshot);
  void AddModels(monitor::MetricsSnapshot& snapshot) const;
  void AddLoading(monitor::MetricsSnapshot& snapshot) const;
  void AddWorkers(monitor::MetricsSnapshot& snapshot) const;
  void AddConnections(monitor::MetricsSnapshot& snapshot) const;

  Sources sources_;
  std::string engine_;
};

}  // namespace slipway::server
