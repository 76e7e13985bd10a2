#pragma once

#include <chrono>

namespace slipway::server {

/// SIGTERM, SIGINT and SIGHUP as a call that returns. Block() first, before any thread starts:
/// threads inherit what is blocked.
class Termination {
 public:
  enum class Request {
    kNone,    ///< the time is over
    kReload,  ///< SIGHUP
    kEnd,     ///< SIGTERM or SIGINT
  };

  /// Keeps SIGTERM and SIGINT for WaitAtMost(), in this thread and those it starts; SIGPIPE is
  /// ignored from now on, and SIGUSR1, with which others reopen logs: ours follow their names.
  static void Block();
  /// Keeps SIGHUP too, which otherwise ends the process.
  static void BlockReload();
  /// Waits for the next of the signals that are kept. After kEnd another SIGTERM or SIGINT ends the
  /// process at once.
  static Request WaitAtMost(std::chrono::milliseconds time);
};

}  // namespace slipway::server
