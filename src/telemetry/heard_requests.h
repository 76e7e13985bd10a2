#pragma once

#include <fmt/format.h>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "telemetry/request_event.h"

namespace slipway::telemetry {

/// Writes down what it hears, for tests: "v2 infer POST /v2/models/a/infer 200 a:1 rows 2 id r-1
/// anonymous".
class HeardRequests final : public RequestObserver {
 public:
  void OnAnswered(const RequestEvent& event) override {
    std::string line = fmt::format("{} {} {} {} {}", event.protocol, event.route, event.method,
                                   event.path, event.code);
    if (!event.model.empty()) line += fmt::format(" {}:{}", event.model, event.version);
    if (event.batch_rows > 0) line += fmt::format(" rows {}", event.batch_rows);
    if (!event.request_id.empty()) line += fmt::format(" id {}", event.request_id);
    if (!event.tracestate.empty()) line += fmt::format(" state {}", event.tracestate);
    line += fmt::format(" {}", event.caller);
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
    stages_ += event.compute;
    bytes_ += event.bytes_in * 1000 + event.bytes_out;
  }

  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  std::chrono::nanoseconds computed() const { return stages_; }
  /// Those received times 1000, and those sent.
  std::uint64_t bytes() const { return bytes_; }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::chrono::nanoseconds stages_{0};
  std::uint64_t bytes_ = 0;
};

}  // namespace slipway::telemetry
