#pragma once

namespace slipway::server {

/// SIGTERM and SIGINT as a call that returns. Block() first, before any thread starts: threads
/// inherit what is blocked.
class Termination {
 public:
  /// Keeps both signals for Wait(), in this thread and those it starts; SIGPIPE is ignored from now
  /// on.
  static void Block();
  /// Returns the number of the next of both signals; from then on another one ends the process at
  /// once.
  static int Wait();
};

}  // namespace slipway::server
