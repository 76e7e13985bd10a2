#pragma once

#include "monitor/kept_request.h"

namespace slipway::monitor {

/// Where requests go that were told to a RequestRecorder. All calls come on its thread.
class RequestSink {
 public:
  virtual ~RequestSink() = default;
  virtual void Take(const KeptRequest& request) = 0;
  /// No more have come for now.
  virtual void Flush() = 0;
};

}  // namespace slipway::monitor
