#include "sandbox/run_confined.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/clock.h"
#include "sandbox/drain.h"
#include "sandbox/spawn.h"

namespace slipway::sandbox {

namespace {

/// Kills and reaps the child however the enclosing function is left, so that no zombie or stray
/// process stays.
class Reaper {
 public:
  explicit Reaper(pid_t child) : child_(child) {}
  ~Reaper() {
    if (child_ < 0) return;
    Kill();
    Wait();
  }
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  void Kill() const { kill(child_, SIGKILL); }

  struct Ended {
    int wait_status = 0;
    rusage usage{};
  };
  Ended Wait() {
    Ended ended;
    while (wait4(child_, &ended.wait_status, 0, &ended.usage) < 0 && errno == EINTR) {
    }
    child_ = -1;
    return ended;
  }

 private:
  pid_t child_;
};

int MillisecondsUntil(MonotonicTime deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

/// Reads both pipes until the child has ended and they are empty, the deadline passes or the result
/// is too large: nullopt, or why the child must be killed.
std::optional<ConfinedEnd::Kind> Listen(Child& child, const ConfinedProgram& program,
                                        ConfinedEnd& end) {
  const MonotonicTime deadline = std::chrono::steady_clock::now() + program.time_limit;
  for (;;) {
    std::array<pollfd, 3> waiting{{{child.handle.get(), POLLIN, 0},
                                   {child.result.get(), POLLIN, 0},
                                   {child.errors.get(), POLLIN, 0}}};
    const int ready = poll(waiting.data(), waiting.size(), MillisecondsUntil(deadline));
    if (ready < 0 && errno != EINTR) return ConfinedEnd::Kind::kTimeLimit;
    const bool ended = (waiting[0].revents & POLLIN) != 0;
    if (child.result.valid()) {
      const Drained drained =
          Drain(child.result.get(), program.max_result_bytes, false, end.result);
      if (drained == Drained::kTooMuch) return ConfinedEnd::Kind::kResultTooLarge;
      if (drained == Drained::kEnd) child.result.Close();
    }
    if (child.errors.valid() &&
        Drain(child.errors.get(), program.max_error_bytes, true, end.errors) == Drained::kEnd) {
      child.errors.Close();
    }
    if (ended) return std::nullopt;
    if (std::chrono::steady_clock::now() >= deadline) return ConfinedEnd::Kind::kTimeLimit;
  }
}

}  // namespace

void ConfinedEnd::NoteWait(int wait_status) {
  if (WIFEXITED(wait_status)) {
    exit_code = WEXITSTATUS(wait_status);
    return;
  }
  signal = WTERMSIG(wait_status);
  kind = signal == SIGSYS ? Kind::kForbiddenCall : Kind::kKilledBySignal;
}

std::string ConfinedEnd::Describe() const {
  switch (kind) {
    case Kind::kExited:
      return fmt::format("ended with code {}", exit_code);
    case Kind::kKilledBySignal:
      return fmt::format("ended by signal {} ({})", signal,
                         sigdescr_np(signal) ? sigdescr_np(signal) : "unknown");
    case Kind::kForbiddenCall:
      return "stopped when it tried something that the confinement forbids";
    case Kind::kTimeLimit:
      return "stopped at its time limit";
    case Kind::kResultTooLarge:
      return "stopped when its result exceeded the limit";
  }
  return "ended";
}

Result<ConfinedEnd> RunConfined(const ConfinedProgram& program) {
  SLIPWAY_TRY(Child child, Spawn(program));
  Reaper reaper(child.id);
  ConfinedEnd end;
  const std::optional<ConfinedEnd::Kind> stopped = Listen(child, program, end);
  if (stopped) reaper.Kill();
  const Reaper::Ended ended = reaper.Wait();
  end.NoteWait(ended.wait_status);
  end.peak_bytes = static_cast<std::uint64_t>(ended.usage.ru_maxrss) * 1024;
  if (stopped) end.kind = *stopped;
  return end;
}

}  // namespace slipway::sandbox
