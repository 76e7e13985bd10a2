#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "monitor/kept_request.h"
#include "monitor/request_sink.h"
#include "telemetry/bounded_ring.h"
#include "telemetry/counter.h"
#include "telemetry/request_event.h"
#include "telemetry/trace_sampler.h"

namespace slipway::monitor {

/// Takes answered requests from event loops and workers to sinks, on a thread of its own: a ring of
/// fixed size for each loop, and what does not fit is lost and counted. Telling costs a copy, some
/// 150 ns, whatever the sinks do.
class RequestRecorder final : public telemetry::RequestObserver {
 public:
  static constexpr std::size_t kRingRequests = 2048;  ///< of each loop

  struct Options {
    unsigned loops = 1;
    std::size_t ring_requests = kRingRequests;
  };
  /// `sinks` (at least one), `sampler` and `clock` outlive this.
  RequestRecorder(const Options& options, std::vector<RequestSink*> sinks,
                  telemetry::TraceSampler& sampler, const Clock& clock);
  /// What was told until now is with the sinks then.
  ~RequestRecorder() override;

  void OnAnswered(const telemetry::RequestEvent& event) override;

  std::uint64_t lost() const { return lost_.Value(); }  ///< requests; on any thread

 private:
  using Ring = telemetry::BoundedRing<KeptRequest>;

  void Run();
  std::size_t TakeAll();
  void Sleep();

  const std::vector<RequestSink*> sinks_;
  telemetry::TraceSampler& sampler_;
  const Clock& clock_;
  std::vector<std::unique_ptr<Ring>> rings_;
  telemetry::Counter lost_;
  std::atomic<bool> sleeps_{false};
  std::atomic<bool> ends_{false};
  std::counting_semaphore<> wake_{0};
  std::jthread thread_;  // last: it uses the members above
};

}  // namespace slipway::monitor
