#include "base/thread.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
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

}  // namespace
}  // namespace slipway
