#pragma once

#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/status.h"
#include "monitor/access_log.h"
#include "monitor/metrics_snapshot.h"
#include "monitor/request_recorder.h"
#include "monitor/span_exporter.h"
#include "server/server_options.h"
#include "telemetry/trace_sampler.h"

namespace slipway::server {

/// What becomes of answered requests beside being counted: access log and traces. Outlives whatever
/// tells its observer.
class RequestWatch {
 public:
  /// What AccessLog::Open() and SpanExporter::Create() say. `clock` outlives this.
  static Result<std::unique_ptr<RequestWatch>> Start(const ServerOptions& options,
                                                     const Clock& clock);

  /// nullptr: nobody wants to know.
  telemetry::RequestObserver* observer() { return recorder_.get(); }
  telemetry::TraceSampler& sampler() { return sampler_; }
  void AddTo(monitor::MetricsSnapshot& snapshot) const;

 private:
  RequestWatch(std::unique_ptr<monitor::AccessLog> log,
               std::unique_ptr<monitor::SpanExporter> exporter, const ServerOptions& options,
               const Clock& clock);

  const std::unique_ptr<monitor::AccessLog> log_;          ///< absent: off
  const std::unique_ptr<monitor::SpanExporter> exporter_;  ///< absent: off
  telemetry::TraceSampler sampler_;
  std::unique_ptr<monitor::RequestRecorder> recorder_;  ///< absent: nothing else is on
};

}  // namespace slipway::server
