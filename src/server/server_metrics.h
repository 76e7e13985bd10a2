#pragma once

#include <string>

#include "monitor/metrics_snapshot.h"
#include "net/http_server.h"
#include "serve/http/metrics_requests.h"
#include "serve/model/model_set.h"

namespace slipway::server {

/// What /metrics shows of a server, read from whoever counts. What it refers to outlives it.
class ServerMetrics final : public monitor::MetricsView {
 public:
  struct Sources {
    const serve::ModelSet& models;
    const serve::RequestMetrics& requests;
    const net::HttpServer& http;
  };
  /// `engine`: "onnxruntime 1.31.1".
  ServerMetrics(const Sources& sources, std::string engine);

  monitor::MetricsSnapshot Snapshot() const override;

 private:
  void AddRequests(monitor::MetricsSnapshot& snapshot) const;
  void AddModels(monitor::MetricsSnapshot& snapshot) const;
  void AddConnections(monitor::MetricsSnapshot& snapshot) const;

  Sources sources_;
  std::string engine_;
};

}  // namespace slipway::server
