#include "server/server_metrics.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/version.h"
#include "telemetry/histogram.h"

namespace slipway::server {
namespace {

using monitor::Distribution;

double Seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

Distribution ToDistribution(const telemetry::Histogram::Snapshot& histogram) {
  return {.upper_bounds = telemetry::Histogram::UpperBoundsInSeconds(),
          .counts = {histogram.counts.begin(), histogram.counts.end()},
          .sum_seconds = Seconds(histogram.total)};
}

/// Why batches of this model may close.
std::vector<serve::BatchEnd> EndsOf(const serve::ServedModel& model) {
  using serve::BatchEnd;
  std::vector<BatchEnd> ends;
  if (model.SharesRuns() || model->batch_rules.has_value()) ends = {BatchEnd::kNobodyElse};
  if (model.SharesRuns())
    ends.insert(ends.end(), {BatchEnd::kBestSize, BatchEnd::kLongEnough, BatchEnd::kTrial});
  if (model->batch_rules.has_value())
    ends.insert(ends.end(), {BatchEnd::kFull, BatchEnd::kPreferred, BatchEnd::kDelay,
                             BatchEnd::kShape, BatchEnd::kDeadline});
  return ends;
}

std::uint64_t Microseconds(const serve::ModelStatistics::Total& total) {
  return static_cast<std::uint64_t>(total.total.count()) / 1000;
}

monitor::ModelCounts CountsOf(const serve::ModelCounters& counters) {
  const serve::ModelStatistics counted = counters.Read();
  const std::uint64_t known =
      counted.rejected_count + counted.expired_count + counted.cancelled_count;
  const std::int64_t waiting = std::max<std::int64_t>(counters.waiting().Value(), 0);
  return {.succeeded = counted.success.count,
          .rejected = counted.rejected_count,
          .expired = counted.expired_count,
          .cancelled = counted.cancelled_count,
          .failed = counted.fail.count - std::min(counted.fail.count, known),
          .rows = counted.inference_count,
          .runs = counted.execution_count,
          .waiting = static_cast<std::uint64_t>(waiting),
          .request_us = Microseconds(counted.success),
          .queue_us = Microseconds(counted.queue),
          .compute_input_us = Microseconds(counted.compute_input),
          .compute_infer_us = Microseconds(counted.compute_infer),
          .compute_output_us = Microseconds(counted.compute_output)};
}

monitor::ModelSample ToSample(const serve::ModelStatus& status, const serve::ModelSet& models) {
  monitor::ModelSample sample{.name = status.name,
                              .version = status.version,
                              .state = std::string(serve::ModelStateName(status.state))};
  if (status.state != serve::ModelState::kReady) return sample;
  const Result<serve::ModelHandle> model = models.Find(status.name, status.version);
  if (!model.ok()) return sample;
  sample.load_seconds = Seconds((**model)->load_time);
  sample.memory_bytes = (**model)->memory_bytes;
  sample.mapped_bytes = (**model)->mapped_bytes;
  const serve::ModelCounters& counters = (*model)->counters();
  sample.counts = CountsOf(counters);
  sample.request_seconds = ToDistribution(counters.RequestTimes());
  sample.queue_seconds = ToDistribution(counters.QueueTimes());
  sample.batch_seconds = ToDistribution(counters.BatchTimes());
  sample.compute_seconds = ToDistribution(counters.ComputeTimes());
  sample.encode_seconds = ToDistribution(counters.EncodeTimes());
  if ((**model)->config.response_cache) {
    const serve::ModelStatistics counted = counters.Read();
    sample.cache = {.hits = counted.cache_hit.count, .misses = counted.cache_miss.count};
  }
  for (const serve::BatchEnd end : EndsOf(**model))
    sample.batches_closed.emplace_back(serve::BatchEndName(end), counters.BatchesEnded(end));
  return sample;
}

}  // namespace

ServerMetrics::ServerMetrics(Sources sources, std::string engine)
    : sources_(std::move(sources)), engine_(std::move(engine)) {}

monitor::MetricsSnapshot ServerMetrics::Snapshot() const {
  monitor::MetricsSnapshot snapshot;
  snapshot.build = {{"version", std::string(kVersion)}, {"engine", engine_}};
  for (const serve::RequestMetrics* const requests : sources_.requests)
    AddRequests(*requests, snapshot);
  AddModels(snapshot);
  AddLoading(snapshot);
  AddWorkers(snapshot);
  AddConnections(snapshot);
  for (serve::RemoteFacts& facts : sources_.remotes.Facts()) {
    snapshot.remotes.push_back({.server = std::move(facts.server),
                                .circuit = static_cast<int>(facts.circuit),
                                .requests = std::move(facts.requests),
                                .retries = facts.retries});
  }
  sources_.watch.AddTo(snapshot);
  return snapshot;
}

void ServerMetrics::AddRequests(const serve::RequestMetrics& requests,
                                monitor::MetricsSnapshot& snapshot) {
  for (const serve::RequestMetrics::Snapshot& series : requests.Snapshots()) {
    const std::string protocol(series.name.protocol);
    const std::string method(series.name.method);
    for (const auto& [code, count] : series.codes)
      snapshot.requests.push_back({protocol, method, code, count});
    snapshot.durations.push_back({protocol, method, ToDistribution(series.durations)});
  }
}

void ServerMetrics::AddModels(monitor::MetricsSnapshot& snapshot) const {
  std::uint64_t queue_full = 0;
  std::uint64_t expired = 0;
  std::uint64_t cancelled = 0;
  for (const serve::ModelHandle& model : sources_.models.Ready()) {
    const serve::ModelStatistics counted = model->counters().Read();
    queue_full += counted.rejected_count;
    expired += counted.expired_count;
    cancelled += counted.cancelled_count;
  }
  const access::Gatekeeper::Refusals refusals = sources_.gatekeeper.refusals();
  snapshot.rejected = {{"queue_full", queue_full},
                       {"deadline", expired},
                       {"client_gone", cancelled},
                       {"quota_rate", refusals.rate},
                       {"quota_in_flight", refusals.in_flight},
                       {"login_rate", refusals.logins}};
  if (sources_.audit != nullptr) snapshot.audit_lost = sources_.audit->lost();
  for (const serve::ModelStatus& status : sources_.models.Statuses())
    snapshot.models.push_back(ToSample(status, sources_.models));
  if (sources_.cache.IsOn()) snapshot.cache_bytes = sources_.cache.bytes();
}

void ServerMetrics::AddLoading(monitor::MetricsSnapshot& snapshot) const {
  const serve::ModelMemory memory = sources_.models.Memory();
  const engine::CompileCache::Counts counts = sources_.compile_cache.counts();
  snapshot.loading = {.memory_budget = memory.budget,
                      .memory_held = memory.held,
                      .paged_out = memory.paged_out,
                      .paged_in = memory.paged_in,
                      .compile_cache = {{"found", counts.found},
                                        {"built", counts.built},
                                        {"compiled", counts.compiled},
                                        {"damaged", counts.damaged},
                                        {"removed", counts.removed}}};
}

void ServerMetrics::AddWorkers(monitor::MetricsSnapshot& snapshot) const {
  if (sources_.isolated == nullptr) return;
  const engine::WorkerHost::Counts counts = sources_.isolated->counts();
  monitor::WorkersSample workers{.running = counts.running,
                                 .restarts = counts.restarts,
                                 .quarantined = counts.quarantined,
                                 .woken = counts.woken,
                                 .refused = counts.refused};
  for (std::size_t i = 0; i < counts.ended.size(); ++i)
    workers.ended.emplace_back(engine::WorkerEndName(static_cast<engine::WorkerEnd>(i)),
                               counts.ended[i]);
  snapshot.workers = std::move(workers);
}

void ServerMetrics::AddConnections(monitor::MetricsSnapshot& snapshot) const {
  for (const net::HttpServer* const listener : sources_.listeners) {
    const net::ConnectionCounts counts = listener->Counts();
    snapshot.in_flight += counts.requests_in_flight;
    snapshot.open_connections += counts.open;
    snapshot.accepted_connections += counts.accepted_total;
    snapshot.refused_connections += counts.refused_total;
    snapshot.dropped_in_drain += counts.dropped_in_drain_total;
    snapshot.failed_handshakes += counts.handshakes_failed_total;
  }
  if (sources_.tls != nullptr)
    snapshot.certificate_expiry = sources_.tls->current()->certificate().not_after;
}

}  // namespace slipway::server
