#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstddef>
#include <string_view>

#include "base/file.h"

namespace slipway::server {

/// The service manager that started this process, such as systemd: what it wants to hear of a
/// service (sd_notify(3), spoken without its library). Where there is none, telling does nothing; a
/// message that cannot be sent is lost, as the protocol allows. Thread-safe.
class Supervisor {
 public:
  /// The most that loading one model may take before the start counts as failed.
  static constexpr std::chrono::minutes kLongestLoad{10};

  /// Nobody.
  Supervisor() = default;
  /// What NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID name; takes the three out of the
  /// environment, so that no child speaks for this process. Before any other thread starts.
  static Supervisor FromEnvironment();

  bool exists() const { return channel_.valid(); }
  /// How often it wants Alive() at least; zero: never.
  std::chrono::microseconds watchdog() const { return watchdog_; }

  /// `done` of `all` models are loaded: a sign of progress, which extends the time for the start.
  void Loading(std::size_t done, std::size_t all) const;
  /// The start, or the reload, is over.
  void Ready(std::string_view status) const;
  void Reloading() const;
  /// The end has begun, and takes at most so long.
  void Stopping(std::chrono::milliseconds longest) const;
  void Alive() const;
  /// One line for people who ask how it goes.
  void Say(std::string_view status) const;

 private:
  void Send(std::string_view state) const;

  FileDescriptor channel_;
  sockaddr_un address_{};
  socklen_t address_size_ = 0;
  std::chrono::microseconds watchdog_{0};
};

}  // namespace slipway::server
