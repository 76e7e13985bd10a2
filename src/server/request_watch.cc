#include "server/request_watch.h"

#include <vector>

namespace slipway::server {

Result<std::unique_ptr<RequestWatch>> RequestWatch::Start(const ServerOptions& options,
                                                          const Clock& clock) {
  std::unique_ptr<monitor::AccessLog> log;
  if (!options.access_log.path.empty()) {
    SLIPWAY_TRY(log, monitor::AccessLog::Open(options.access_log));
  }
  std::unique_ptr<monitor::SpanExporter> exporter;
  if (!options.traces.endpoint.empty()) {
    SLIPWAY_TRY(exporter, monitor::SpanExporter::Create(options.traces));
  }
  return std::unique_ptr<RequestWatch>(
      new RequestWatch(std::move(log), std::move(exporter), options, clock));
}

RequestWatch::RequestWatch(std::unique_ptr<monitor::AccessLog> log,
                           std::unique_ptr<monitor::SpanExporter> exporter,
                           const ServerOptions& options, const Clock& clock)
    : log_(std::move(log)),
      exporter_(std::move(exporter)),
      sampler_(options.traces.share, exporter_ != nullptr) {
  std::vector<monitor::RequestSink*> sinks;
  if (log_ != nullptr) sinks.push_back(log_.get());
  if (exporter_ != nullptr) sinks.push_back(exporter_.get());
  if (sinks.empty()) return;
  recorder_ = std::make_unique<monitor::RequestRecorder>(
      monitor::RequestRecorder::Options{.loops = options.loops}, std::move(sinks), sampler_, clock);
}

void RequestWatch::AddTo(monitor::MetricsSnapshot& snapshot) const {
  if (recorder_ == nullptr) return;
  snapshot.requests_not_recorded = recorder_->lost();
  if (log_ != nullptr)
    snapshot.access_log = {.written = log_->written(), .not_written = log_->lost()};
  if (exporter_ != nullptr)
    snapshot.traces = {.written = exporter_->exported(), .not_written = exporter_->lost()};
}

}  // namespace slipway::server
