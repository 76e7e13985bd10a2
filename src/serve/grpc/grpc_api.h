#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "access/audit_log.h"
#include "access/door.h"
#include "access/gatekeeper.h"
#include "base/clock.h"
#include "net/http/http_types.h"
#include "serve/control/log_settings.h"
#include "serve/control/model_control.h"
#include "serve/control/trace_settings.h"
#include "serve/model/model_set.h"
#include "serve/predict/predictor.h"
#include "serve/predict/request_metrics.h"
#include "serve/protocol/protocol_service.h"
#include "serve/shared_memory/region_table.h"
#include "telemetry/request_event.h"
#include "telemetry/trace_sampler.h"

namespace slipway::serve {

/// The bounds of gRPC's messages. Those of the connection are net::HttpLimits.
struct GrpcApiLimits {
  std::uint64_t max_message_bytes = 64 * 1024 * 1024;   ///< before and after decompression
  std::uint64_t max_admin_message_bytes = 1024 * 1024;  ///< of the repository's methods
  std::chrono::milliseconds max_deadline{300'000};      ///< a client's longer wish is cut to this
  std::size_t max_stream_requests = 64;  ///< of one ModelStreamInfer at one time; more wait
};

/// What gRPC's services are built from. Everything referred to outlives the GrpcApi and every
/// exchange it was given.
struct GrpcApiParts {
  const ModelSet& models;
  Predictor& predictor;
  ModelControl& control;
  LogSettings& log;
  TraceSettings& traces;
  telemetry::TraceSampler& sampler;
  std::shared_ptr<const access::Gatekeeper> gatekeeper;
  std::function<bool()> is_ready;  ///< as HttpApiParts::is_ready
  const Clock& clock;
  GrpcApiLimits limits;
  RegionTable* shared_memory = nullptr;            ///< absent: off
  access::AuditLog* audit = nullptr;               ///< as HttpApiParts::audit
  access::Door door = access::Door::kOnly;         ///< as HttpApiParts::door
  telemetry::RequestObserver* observer = nullptr;  ///< as HttpApiParts::observer
};

/// gRPC's services over HTTP/2: inference.GRPCInferenceService (Open Inference v2 with Triton's
/// extensions), grpc.health.v1.Health and server reflection (api/proto). A unary call is an
/// exchange whose body is one framed message and whose answer ends in trailers; a streaming one is
/// a net::StreamExchange. Every error is an answer too, with the HTTP status 200, except a content
/// type that is not gRPC's (415). Thread-safe: calls come on
/// every event loop.
class GrpcApi : public ProtocolService {
 public:
  static std::unique_ptr<GrpcApi> Create(GrpcApiParts parts);

  /// True for what this answers: on HTTP/2, a content type application/grpc... or the path of one
  /// of the methods.
  virtual bool Claims(const net::RequestHead& head) const = 0;

  /// Answers counted by method and gRPC's status number, for /metrics.
  virtual const RequestMetrics& requests() const = 0;

 protected:
  using ProtocolService::ProtocolService;
};

}  // namespace slipway::serve
