#include "base/thread.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace slipway {
namespace {

/// Weighs 110 against the 1024 of a thread that was left as it is.
constexpr int kStepsBack = 10;
constexpr std::uint64_t kShortTurnNanoseconds = 100'000;  // the least that the kernel takes

/// As sched_setattr(2) has it; Debian 12's header for it cannot stand beside glibc's.
struct SchedulingAttributes {
  std::uint32_t size;
  std::uint32_t policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime;
  std::uint64_t deadline;
  std::uint64_t period;
};

}  // namespace

void NameThread(const char* name) { pthread_setname_np(pthread_self(), name); }

void GiveWay() {
  // On Linux a thread has a priority of its own, and 0 is the calling one. Cannot fail: it only
  // becomes lower.
  setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + kStepsBack);
}

void TakeShortTurns() {
  // Of a thread without a real-time policy the "runtime" is its slice (sched_setattr(2)); an older
  // kernel takes the call and thinks nothing of it.
  SchedulingAttributes attributes{};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  attributes.runtime = kShortTurnNanoseconds;
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace slipway
