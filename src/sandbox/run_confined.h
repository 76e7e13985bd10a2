#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace slipway::sandbox {

/// A descriptor of this process that the program gets under a number of its own.
struct InheritedDescriptor {
  int ours = -1;    ///< borrowed
  int theirs = -1;  ///< 3 to 9
};

/// A program of ours to run once, with nothing but what stands here: an empty environment, standard
/// input and output at /dev/null, every other descriptor closed, no new privileges, a session of
/// its own; it dies with the calling thread.
struct ConfinedProgram {
  std::string path;                    ///< absolute
  std::vector<std::string> arguments;  ///< after the program's name
  std::vector<InheritedDescriptor> descriptors;
  int result_descriptor = -1;  ///< 3 to 9: what the program writes there comes back; -1: nothing
  std::size_t max_result_bytes = 1 << 20;  ///< beyond this the program is killed
  std::size_t max_error_bytes = 16 << 10;  ///< of standard error; the rest is read and dropped
  std::uint64_t max_memory_bytes = 0;      ///< address space; 0: no limit; ignored under sanitizers
  std::uint64_t max_data_bytes = 0;  ///< memory of its own, not of files; 0: no limit; as above
  bool may_have_threads = false;
  std::uint64_t max_file_bytes = 0;  ///< of any file it writes
  std::chrono::milliseconds time_limit{
      120'000};  ///< of the clock on the wall; CPU time is bound by twice as much; 0: none
};

/// How a confined program ended. Nothing in it is to be trusted but this process's own
/// observations.
struct ConfinedEnd {
  enum class Kind {
    kExited,          ///< by itself, with `exit_code`
    kKilledBySignal,  ///< `signal`: a crash, or a limit of the kernel
    kForbiddenCall,   ///< killed by the system-call filter
    kTimeLimit,       ///< killed by us
    kResultTooLarge,  ///< killed by us
  };
  Kind kind = Kind::kExited;
  int exit_code = 0;
  int signal = 0;
  std::string result;            ///< what it wrote to result_descriptor
  std::string errors;            ///< what it wrote to standard error
  std::uint64_t peak_bytes = 0;  ///< its largest resident memory

  /// Sets kind, exit code and signal by what waitpid() said.
  void NoteWait(int wait_status);
  /// "ended by signal 11 (Segmentation fault)": for a message.
  std::string Describe() const;
};

/// Runs the program and waits for its end. Blocks for its run time; safe in a process with threads
/// (nothing of ours runs between clone and exec but system calls). NotFound, PermissionDenied: the
/// program cannot be executed. ResourceExhausted: no process or descriptors to be had.
Result<ConfinedEnd> RunConfined(const ConfinedProgram& program);

}  // namespace slipway::sandbox
