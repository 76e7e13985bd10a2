#pragma once

#include <latch>
#include <thread>

#include "base/file.h"

namespace slipway::cli {

/// Ctrl-C and SIGTERM while a command runs: what it has not finished is removed, and the process
/// ends with 130 or 143. A signal that was ignored when the program started stays ignored. One at a
/// time; made before any other thread, because threads inherit what is blocked.
class Interruption {
 public:
  /// Returns once it watches, which takes no lock: commands fork beside it, and a child would find
  /// what its start had locked (the allocator, under a sanitizer) locked for ever.
  Interruption();
  /// A signal that has come by now still ends the process; later ones do nothing.
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// Stops watching and leaves both signals blocked, for a command that waits for them itself
  /// (server::Termination).
  void Release();

 private:
  void Watch() const;

  FileDescriptor signals_;
  FileDescriptor released_;
  std::latch watches_{1};
  std::thread watcher_;
};

}  // namespace slipway::cli
