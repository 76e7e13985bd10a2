#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "monitor/request_sink.h"
#include "net/client/http_client.h"
#include "telemetry/counter.h"
#include "telemetry/trace_sampler.h"

namespace slipway::monitor {

struct TraceOptions {
  std::string endpoint;  ///< "http://127.0.0.1:4318"; empty: nothing is exported
  double share = 0;      ///< of the requests whose caller says nothing, 0 to 1
  std::string service = "slipway";
};

/// Sends sampled requests as spans (otlp_json.h) to a collector's /v1/traces, on a thread of its
/// own: a queue of fixed size in front of it, a few at one time, and while nobody answers, rarer
/// tries. What does not fit, and what the collector refuses, is lost and counted; requests never
/// notice.
class SpanExporter final : public RequestSink {
 public:
  static constexpr std::size_t kQueueRequests = 2048;
  static constexpr std::size_t kMostAtOnce = 256;
  static constexpr std::chrono::seconds kEvery{1};
  static constexpr std::chrono::seconds kLongestPause{30};

  /// InvalidArgument (kUsage): no URL. Connects later.
  static Result<std::unique_ptr<SpanExporter>> Create(const TraceOptions& options);
  /// Sends what waits if the collector answered the last time, for some seconds at most.
  ~SpanExporter() override;

  /// Of a request with a sampled span only.
  void Take(const KeptRequest& request) override;
  void Flush() override {}

  std::uint64_t exported() const { return exported_.Value(); }  ///< requests; on any thread
  std::uint64_t lost() const { return lost_.Value(); }          ///< alike

 private:
  SpanExporter(const TraceOptions& options, net::HttpUrl url);

  void Run(const std::stop_token& stop);
  std::vector<KeptRequest> TakeSome();
  /// False: worth trying again.
  bool Send(std::vector<KeptRequest>& requests);
  void Warn(std::string_view why);

  const std::string service_;
  const std::string target_;
  net::HttpClient client_;
  telemetry::TraceSampler ids_{0, true};
  bool is_failing_ = false;  ///< and that was said
  telemetry::Counter exported_;
  telemetry::Counter lost_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable_any changed_;
  std::vector<KeptRequest> queue_;
  std::jthread thread_;  // last: it uses the members above
};

}  // namespace slipway::monitor
