// What a server counts of every request, by itself: the answer by route and status, the run, and
// where the time went.
//
//   bench_metrics    prints one line of JSON

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "serve/model/model_counters.h"
#include "serve/predict/request_metrics.h"

int main() {
  using namespace slipway;
  constexpr std::uint64_t kRequests = 5'000'000;
  constexpr std::array<serve::RequestMetrics::RouteName, 2> kRoutes{
      {{"v2", "infer"}, {"v2", "metadata"}}};
  serve::RequestMetrics answers(kRoutes);
  serve::ModelCounters model;
  const WallTime now = SystemClock().WallNow();
  const Stopwatch watch;
  for (std::uint64_t i = 0; i < kRequests; ++i) {
    // Times of all magnitudes, as the histograms' buckets are found by them.
    const std::chrono::nanoseconds time(std::int64_t{1000} << (i % 16));
    const serve::InferenceTimes times{.queue = time, .compute_infer = time};
    model.RecordRun(1, times);
    model.RecordSuccess(1, times, now);
    answers.Record(0, 200, time);
  }
  const auto spent = std::chrono::duration<double, std::nano>(watch.Elapsed()).count();
  fmt::print("{{\"requests\":{},\"nanoseconds\":{:.1f}}}\n", model.Read().inference_count,
             spent / static_cast<double>(kRequests));
}
