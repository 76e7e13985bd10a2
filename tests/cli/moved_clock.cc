// LD_PRELOAD this: the process's wall clock is off by so many seconds as the 8 bytes of the file
// MOVED_CLOCK say at each look, and its other clocks are as they are. It takes no memory: an
// allocator may be the first to ask what time it is.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

const volatile std::int64_t* MapOffset() {
  static const std::int64_t kNone = 0;
  const char* const path = getenv("MOVED_CLOCK");
  if (path == nullptr) return &kNone;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  void* const mapped = mmap(nullptr, sizeof kNone, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  return mapped == MAP_FAILED ? &kNone : static_cast<const std::int64_t*>(mapped);
}

std::int64_t Offset() {
  static std::atomic<const volatile std::int64_t*> offset{nullptr};
  const volatile std::int64_t* known = offset.load(std::memory_order_acquire);
  if (known == nullptr) {
    known = MapOffset();
    offset.store(known, std::memory_order_release);
  }
  return *known;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const auto failed = static_cast<int>(syscall(SYS_clock_gettime, clock, now));
  if (failed == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    now->tv_sec += Offset();
  return failed;
}

time_t time(time_t* result) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (result != nullptr) *result = now.tv_sec;
  return now.tv_sec;
}

int gettimeofday(timeval* result, void* /*zone*/) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  *result = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return 0;
}
}
