#include "base/thread.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <thread>

namespace slipway {
namespace {

int Nice() { return getpriority(PRIO_PROCESS, 0); }

TEST(Thread, HasAName) {
  std::thread([] {
    NameThread("slipway-test");
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    EXPECT_EQ(name, std::string("slipway-test"));
  }).join();
}

TEST(Thread, GivesWayWithThoseItStartsAndNobodyElse) {
  const int before = Nice();
  const int lowered = std::min(before + 10, 19);
  std::thread([lowered] {
    GiveWay();
    EXPECT_EQ(Nice(), lowered);
    std::thread([lowered] { EXPECT_EQ(Nice(), lowered); }).join();
  }).join();
  EXPECT_EQ(Nice(), before);
}

/// The words of sched_getattr(2): size and policy, flags, nice and priority, slice.
std::array<std::uint64_t, 6> SchedulingWords() {
  std::array<std::uint64_t, 6> words{};
  syscall(SYS_sched_getattr, 0, words.data(), sizeof words, 0);
  return words;
}

TEST(Thread, TakesShortTurnsAndNoLargerShare) {
  std::thread([] {
    const auto before = SchedulingWords();
    TakeShortTurns();
    auto expected = before;
    if (before[3] != 0) expected[3] = 100'000;  // 0: the kernel knows of no slices
    EXPECT_EQ(SchedulingWords(), expected);
  }).join();
}

}  // namespace
}  // namespace slipway
