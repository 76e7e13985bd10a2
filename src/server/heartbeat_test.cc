#include "server/heartbeat.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <latch>

#include "server/notified.h"

namespace slipway::server {
namespace {

Supervisor WithWatchdog(const Notified& notified, const char* microseconds) {
  setenv("NOTIFY_SOCKET", notified.path().c_str(), 1);
  setenv("WATCHDOG_USEC", microseconds, 1);
  return Supervisor::FromEnvironment();
}

TEST(Heartbeat, GoesOnAsLongAsTheServerIsAlive) {
  const Notified notified;
  const Supervisor supervisor = WithWatchdog(notified, "4000");
  const Heartbeat heartbeat(supervisor, [] { return true; });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(notified.Next(), "WATCHDOG=1");
}

TEST(Heartbeat, StopsWhenTheServerIsStuck) {
  const Notified notified;
  const Supervisor supervisor = WithWatchdog(notified, "4000");
  std::atomic<int> asked{0};
  std::latch asked_often(1);
  {
    const Heartbeat heartbeat(supervisor, [&] {
      if (++asked == 3) asked_often.count_down();
      return false;
    });
    asked_often.wait();
  }
  EXPECT_TRUE(notified.IsSilent());
}

TEST(Heartbeat, IsNotMadeWhereNobodyListensToIt) {
  const Notified notified;
  const Supervisor supervisor = WithWatchdog(notified, "0");
  std::atomic<bool> was_asked{false};
  {
    const Heartbeat heartbeat(supervisor, [&] { return was_asked = true; });
  }
  EXPECT_FALSE(was_asked);
}

}  // namespace
}  // namespace slipway::server
