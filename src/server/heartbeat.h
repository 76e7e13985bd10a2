#pragma once

#include <functional>
#include <stop_token>
#include <thread>

#include "server/supervisor.h"

namespace slipway::server {

/// Tells the supervisor that this process is alive, as long as `is_alive` says so: asked four times
/// in each of the supervisor's intervals, on a thread of its own, until this object goes. No thread
/// where the supervisor does not want to hear it.
class Heartbeat {
 public:
  /// Both outlive this.
  Heartbeat(const Supervisor& supervisor, std::function<bool()> is_alive);

 private:
  static void Run(const std::stop_token& stop, const Supervisor& supervisor,
                  const std::function<bool()>& is_alive);

  std::jthread thread_;
};

}  // namespace slipway::server
