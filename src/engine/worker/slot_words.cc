#include "engine/worker/slot_words.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

namespace slipway::engine {

void SleepOn(SlotWord& word, std::uint32_t seen, std::optional<MonotonicTime> until) {
  timespec time{};
  if (until) {
    const auto since = until->time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    time.tv_sec = static_cast<time_t>(seconds.count());
    time.tv_nsec = static_cast<long>(std::chrono::nanoseconds(since - seconds).count());
  }
  // The time of FUTEX_WAIT_BITSET is a moment of the monotonic clock, which is steady_clock's.
  syscall(SYS_futex, &word.value, FUTEX_WAIT_BITSET, seen, until ? &time : nullptr, nullptr,
          FUTEX_BITSET_MATCH_ANY);
}

void WakeAll(SlotWord& word) {
  syscall(SYS_futex, &word.value, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace slipway::engine
