#include "serve/model/model_counters.h"

#include <algorithm>

namespace slipway::serve {

void ModelCounters::NoteTime(WallTime now) {
  using std::chrono::milliseconds;
  const auto unix_ms = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
  last_inference_unix_ms_.store(static_cast<std::uint64_t>(unix_ms), std::memory_order_relaxed);
}

void ModelCounters::RecordCacheHit(std::chrono::nanoseconds duration, WallTime now) {
  NoteTime(now);
  cache_hit_.Record(duration);
}

void ModelCounters::RecordSuccess(std::uint64_t rows, const InferenceTimes& times, WallTime now) {
  NoteTime(now);
  rows_.Add(rows);
  request_times_.Record(times.Total());
  queue_times_.Record(times.queue);
  batch_times_.Record(times.compute_input);
  compute_times_.Record(times.compute_infer);
  compute_output_.Add(times.compute_output);
}

void ModelCounters::RecordRun(std::uint64_t rows, const InferenceTimes& times) {
  runs_.Add();
  if (Batch* batch = BatchOf(rows)) {
    batch->runs.Add();
    batch->compute_input.Add(times.compute_input);
    batch->compute_infer.Add(times.compute_infer);
    batch->compute_output.Add(times.compute_output);
  }
}

void ModelCounters::RecordFailure(Failure failure, std::chrono::nanoseconds duration) {
  fail_.Record(duration);
  if (failure == Failure::kRejected) rejected_.Add();
  if (failure == Failure::kCancelled) cancelled_.Add();
  if (failure == Failure::kExpired) expired_.Add();
}

// Rows are claimed in the order of first use, so that the usual sizes are found first; at most
// kBatchSizes steps.
ModelCounters::Batch* ModelCounters::BatchOf(std::uint64_t rows) {
  for (Batch& batch : batches_) {
    std::uint64_t seen = batch.size_and_one.load(std::memory_order_relaxed);
    if (seen == 0 &&
        batch.size_and_one.compare_exchange_strong(seen, rows + 1, std::memory_order_relaxed))
      return &batch;
    if (seen == rows + 1) return &batch;
  }
  return nullptr;
}

ModelStatistics ModelCounters::Read() const {
  using Total = ModelStatistics::Total;
  const Total ran = RequestTimes().Total();
  const Total queued = QueueTimes().Total();
  const Total cached = cache_hit_.Read();
  ModelStatistics statistics{
      .last_inference_unix_ms = last_inference_unix_ms_.load(std::memory_order_relaxed),
      .inference_count = rows_.Value(),
      .execution_count = runs_.Value(),
      .success = {ran.count + cached.count, ran.total + cached.total},
      .fail = fail_.Read(),
      .queue = {queued.count + cached.count, queued.total},
      .compute_input = BatchTimes().Total(),
      .compute_infer = ComputeTimes().Total(),
      .compute_output = {ran.count, compute_output_.Value()},
      .cache_hit = cached,
      .cache_miss = cache_miss_.Read(),
      .rejected_count = rejected_.Value(),
      .cancelled_count = cancelled_.Value(),
      .expired_count = expired_.Value()};
  for (const Batch& batch : batches_) {
    const std::uint64_t size_and_one = batch.size_and_one.load(std::memory_order_relaxed);
    if (size_and_one == 0) break;
    const std::uint64_t runs = batch.runs.Value();
    statistics.batches.push_back({.batch_size = size_and_one - 1,
                                  .compute_input = {runs, batch.compute_input.Value()},
                                  .compute_infer = {runs, batch.compute_infer.Value()},
                                  .compute_output = {runs, batch.compute_output.Value()}});
  }
  std::ranges::sort(statistics.batches, {}, &ModelStatistics::BatchRow::batch_size);
  return statistics;
}

}  // namespace slipway::serve
