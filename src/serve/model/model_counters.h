#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "serve/batch/batch_policy.h"
#include "telemetry/counter.h"
#include "telemetry/duration_total.h"
#include "telemetry/histogram.h"

namespace slipway::serve {

/// Where the time of one request went. Outputs are written in place by the engine, so
/// `compute_output` is what is left after the run, without the encoding of the answer.
struct InferenceTimes {
  std::chrono::nanoseconds queue{0};          ///< waiting for a worker; 0 for a run at once
  std::chrono::nanoseconds compute_input{0};  ///< checks, and memory for outputs
  std::chrono::nanoseconds compute_infer{0};  ///< in the engine
  std::chrono::nanoseconds compute_output{0};

  std::chrono::nanoseconds Total() const {
    return queue + compute_input + compute_infer + compute_output;
  }
};

/// What was counted of one loaded version since it was loaded: the figures of the v2 statistics
/// (protocol fields of the same names).
struct ModelStatistics {
  using Total = telemetry::DurationTotal::Snapshot;
  struct BatchRow {
    std::uint64_t batch_size = 0;
    Total compute_input;
    Total compute_infer;
    Total compute_output;
  };

  std::uint64_t last_inference_unix_ms = 0;  ///< 0: none yet
  std::uint64_t inference_count = 0;         ///< rows of successful requests
  std::uint64_t execution_count = 0;         ///< successful runs, of one request or of several
  Total success;                             ///< whole requests, and so is `fail`
  Total fail;
  Total queue;  ///< the four of successful requests only
  Total compute_input;
  Total compute_infer;
  Total compute_output;
  Total cache_hit;   ///< requests answered from the response cache; in `success`, `queue` too
  Total cache_miss;  ///< looking there in vain
  std::uint64_t rejected_count = 0;   ///< queue full; counted in `fail` as well
  std::uint64_t cancelled_count = 0;  ///< the client had gone; counted in `fail` as well
  std::uint64_t expired_count = 0;    ///< past its deadline; counted in `fail` as well
  std::vector<BatchRow> batches;      ///< of runs, ascending by size
};

/// What one loaded version counts. Recording is wait-free: some ten relaxed additions, which
/// bench/metrics.cc measures. Thread-safe.
class ModelCounters {
 public:
  /// Sizes that have a row of their own; runs of further sizes are left out of `batches` only.
  static constexpr std::size_t kBatchSizes = 32;

  enum class Failure : std::uint8_t { kOther, kRejected, kCancelled, kExpired };

  /// One request of `rows` rows that was answered at `now`.
  void RecordSuccess(std::uint64_t rows, const InferenceTimes& times, WallTime now);
  /// One run of the engine, of `rows` rows, that answered one request or several.
  void RecordRun(std::uint64_t rows, const InferenceTimes& times);
  /// One request that was answered from the response cache at `now`.
  void RecordCacheHit(std::chrono::nanoseconds duration, WallTime now);
  /// One that was looked up in vain, which took so long.
  void RecordCacheMiss(std::chrono::nanoseconds duration) { cache_miss_.Record(duration); }
  /// A batch was closed, for that reason.
  void RecordBatchEnd(BatchEnd end) { batch_ends_[static_cast<std::size_t>(end)].Add(); }
  std::uint64_t BatchesEnded(BatchEnd end) const {
    return batch_ends_[static_cast<std::size_t>(end)].Value();
  }
  void RecordFailure(Failure failure, std::chrono::nanoseconds duration);
  /// An answer was made out of a response, which took so long.
  void RecordEncoding(std::chrono::nanoseconds duration) { encode_times_.Record(duration); }

  ModelStatistics Read() const;
  /// Of requests that succeeded, and so are the others.
  telemetry::Histogram::Snapshot RequestTimes() const { return request_times_.Read(); }
  telemetry::Histogram::Snapshot QueueTimes() const { return queue_times_.Read(); }
  /// Before the run: checks, joining with others, memory for outputs.
  telemetry::Histogram::Snapshot BatchTimes() const { return batch_times_.Read(); }
  telemetry::Histogram::Snapshot ComputeTimes() const { return compute_times_.Read(); }
  telemetry::Histogram::Snapshot EncodeTimes() const { return encode_times_.Read(); }

  /// Requests that wait for a worker now.
  telemetry::Gauge& waiting() { return waiting_; }
  const telemetry::Gauge& waiting() const { return waiting_; }

 private:
  struct Batch {
    std::atomic<std::uint64_t> size_and_one{0};  // 0: free; so that a size of 0 rows has a row too
    telemetry::Counter runs;
    telemetry::DurationSum compute_input;
    telemetry::DurationSum compute_infer;
    telemetry::DurationSum compute_output;
  };
  Batch* BatchOf(std::uint64_t rows);
  void NoteTime(WallTime now);

  std::atomic<std::uint64_t> last_inference_unix_ms_{0};
  telemetry::Counter rows_;
  telemetry::Counter runs_;
  telemetry::DurationTotal fail_;
  telemetry::DurationSum compute_output_;
  telemetry::DurationTotal cache_hit_;
  telemetry::DurationTotal cache_miss_;
  telemetry::Counter rejected_;
  telemetry::Counter cancelled_;
  telemetry::Counter expired_;
  std::array<telemetry::Counter, kBatchEnds> batch_ends_;
  telemetry::Histogram request_times_;
  telemetry::Histogram queue_times_;
  telemetry::Histogram batch_times_;
  telemetry::Histogram compute_times_;
  telemetry::Histogram encode_times_;
  telemetry::Gauge waiting_;
  std::array<Batch, kBatchSizes> batches_;
};

}  // namespace slipway::serve
