#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "access/audit_log.h"
#include "access/door.h"
#include "access/gatekeeper.h"
#include "base/clock.h"
#include "net/http/http_types.h"
#include "serve/control/configuration.h"
#include "serve/control/log_settings.h"
#include "serve/control/model_control.h"
#include "serve/control/trace_settings.h"
#include "serve/http/admin_handlers.h"
#include "serve/http/cors_policy.h"
#include "serve/http/dialect.h"
#include "serve/model/model_set.h"
#include "serve/predict/predictor.h"
#include "serve/predict/request_metrics.h"
#include "serve/protocol/protocol_service.h"
#include "serve/shared_memory/region_table.h"
#include "telemetry/request_event.h"
#include "telemetry/trace_sampler.h"

namespace slipway::serve {

/// The bounds of the REST protocols. Those of the connection are net::HttpLimits.
struct HttpApiLimits {
  std::uint64_t max_body_bytes = 64 * 1024 * 1024;   ///< 413, before and after decompression
  std::uint64_t max_admin_body_bytes = 1024 * 1024;  ///< 413, of the repository routes
  std::chrono::milliseconds max_deadline{300'000};   ///< a client's longer wish is cut to this
};

/// What the REST protocols are built from. Everything referred to outlives the HttpApi and every
/// exchange it was given.
struct HttpApiParts {
  const ModelSet& models;
  Predictor& predictor;
  ModelControl& control;
  const Configuration& configuration;  ///< read once
  LogSettings& log;
  TraceSettings& traces;
  telemetry::TraceSampler& sampler;
  std::shared_ptr<const access::Gatekeeper> gatekeeper;
  /// What readiness answers: false until the models that were asked for are loaded, and once a
  /// drain begins. Called on event loops.
  std::function<bool()> is_ready;
  std::function<std::string()> metrics_text;  ///< what /metrics answers, in Prometheus' text format
  const Clock& clock;
  HttpApiLimits limits;
  RegionTable* shared_memory = nullptr;     ///< absent: off
  access::AuditLog* audit = nullptr;        ///< of administrative acts; absent: off
  access::Door door = access::Door::kOnly;  ///< of this itself; see ProtocolService::admin()
  CorsPolicy cors;                          ///< no answer mentions it unless it names an origin
  telemetry::RequestObserver* observer = nullptr;  ///< hears of every answer; absent: nobody
  Dialect dialect = Dialect::kTfServing;
};

/// Every route of the HTTP listener: Open Inference v2 with Triton's extensions, TensorFlow Serving
/// v1, repository control, /metrics, /openapi.json and the page. Thread-safe: calls come on every
/// event loop.
class HttpApi : public ProtocolService {
 public:
  static std::unique_ptr<HttpApi> Create(HttpApiParts parts);

  /// Answers counted by route and status, for /metrics.
  virtual const RequestMetrics& requests() const = 0;

 protected:
  using ProtocolService::ProtocolService;
};

}  // namespace slipway::serve
