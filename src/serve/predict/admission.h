#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "serve/predict/predictor.h"

namespace slipway::serve {

/// What is known at the moment a request arrives.
struct AdmissionSnapshot {
  std::chrono::nanoseconds run_time{0};   ///< t(1) of the model; 0: not known
  ServedModel::Pace pace;                 ///< of those that wait; zeros: not known
  std::int64_t rows = 1;                  ///< of the request
  std::chrono::nanoseconds remaining{0};  ///< until its deadline; 0 or less: past it
  std::size_t waiting = 0;                ///< requests that wait for this model
  std::size_t lower = 0;                  ///< those among them that are served after this one
  bool awaits_company = false;            ///< its model's configuration lets it wait for others
  std::uint64_t request_bytes = 0;
  std::uint64_t waiting_bytes = 0;  ///< of all requests that wait, for any model
};

enum class Admission : std::uint8_t {
  kRunHere,     ///< on the calling thread: quick, and nobody waits
  kWait,        ///< for a worker
  kQueueFull,   ///< the bound on requests
  kMemoryFull,  ///< the bound on bytes
  kTooLate,     ///< those before it and its own run take longer than its deadline allows
  kExpired,
};

/// Pure. A request of `rows` rows is taken to last as long as `rows` runs of one: never less than
/// it does.
Admission DecideAdmission(const AdmissionSnapshot& snapshot, const PredictorOptions& options);

}  // namespace slipway::serve
