#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "serve/predict/predictor.h"
#include "telemetry/request_event.h"

namespace slipway::serve {

/// What is left to tell of a run once its response is made into an answer.
struct AnsweredRun {
  ModelHandle model;
  StageTimes times;
  RunFacts run;
  MonotonicTime ended;          ///< when its encoding began
  std::string_view request_id;  ///< that its message had; empty: none

  /// Of a response that is about to be encoded.
  static AnsweredRun Of(const InferResponse& response, MonotonicTime now,
                        std::string_view request_id = {}) {
    return {response.model, response.times, response.run, now, request_id};
  }
};

/// Counts that it was encoded until `now`.
void CountEncoding(const AnsweredRun& run, MonotonicTime now);
/// Writes it into what observers are told, at `now`.
void TellRun(const AnsweredRun& run, MonotonicTime now, telemetry::RequestEvent& event);

}  // namespace slipway::serve
