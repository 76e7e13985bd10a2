#include "server/heartbeat.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace slipway::server {

Heartbeat::Heartbeat(const Supervisor& supervisor, std::function<bool()> is_alive) {
  if (!supervisor.exists() || supervisor.watchdog().count() == 0) return;
  thread_ = std::jthread([&supervisor, is_alive = std::move(is_alive)](
                             const std::stop_token& stop) { Run(stop, supervisor, is_alive); });
}

void Heartbeat::Run(const std::stop_token& stop, const Supervisor& supervisor,
                    const std::function<bool()>& is_alive) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    if (is_alive()) supervisor.Alive();
    stopped.wait_for(lock, stop, supervisor.watchdog() / 4, [] { return false; });
  }
}

}  // namespace slipway::server
