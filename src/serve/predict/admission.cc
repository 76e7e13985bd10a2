#include "serve/predict/admission.h"

#include <algorithm>

namespace slipway::serve {
namespace {

bool IsQuick(const AdmissionSnapshot& snapshot, const PredictorOptions& options) {
  if (snapshot.run_time.count() <= 0 || snapshot.awaits_company) return false;
  // A division, since a client chooses the number of rows and a product may overflow.
  const std::int64_t rows = std::max<std::int64_t>(snapshot.rows, 1);
  return snapshot.run_time < std::chrono::nanoseconds(options.inline_below) / rows;
}

/// Nobody is too late whom nobody stands before: what runs take now shows.
bool IsTooLate(const AdmissionSnapshot& snapshot, const PredictorOptions& options) {
  const std::size_t before = snapshot.waiting - std::min(snapshot.lower, snapshot.waiting);
  const std::chrono::nanoseconds they_take = snapshot.pace.each *
                                             static_cast<std::int64_t>(before) /
                                             std::max<std::int64_t>(options.workers, 1);
  return before > 0 && they_take + snapshot.pace.run > snapshot.remaining;
}

}  // namespace

Admission DecideAdmission(const AdmissionSnapshot& snapshot, const PredictorOptions& options) {
  if (snapshot.remaining.count() <= 0) return Admission::kExpired;
  if (snapshot.waiting == 0 && IsQuick(snapshot, options)) return Admission::kRunHere;
  if (snapshot.waiting >= options.max_queued) return Admission::kQueueFull;
  if (snapshot.waiting_bytes + snapshot.request_bytes > options.max_queued_bytes)
    return Admission::kMemoryFull;
  if (IsTooLate(snapshot, options)) return Admission::kTooLate;
  return Admission::kWait;
}

}  // namespace slipway::serve
