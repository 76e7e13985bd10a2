#include "base/thread.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace slipway {
namespace {

/// Weighs 110 against the 1024 of a thread that was left as it is.
constexpr int kStepsBack = 10;

}  // namespace

void NameThread(const char* name) { pthread_setname_np(pthread_self(), name); }

void GiveWay() {
  // On Linux a thread has a priority of its own. Cannot fail: it only becomes lower.
  const auto self = static_cast<id_t>(gettid());
  setpriority(PRIO_PROCESS, self, getpriority(PRIO_PROCESS, self) + kStepsBack);
}

}  // namespace slipway
