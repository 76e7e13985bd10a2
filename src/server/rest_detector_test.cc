#include "server/rest_detector.h"

#include <gtest/gtest.h>

namespace slipway::server {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A process that is looked at every five seconds.
struct Process {
  RestDetector detector;
  MonotonicTime now{};
  std::chrono::nanoseconds used{};

  bool Passes(std::chrono::nanoseconds work) {
    now += seconds(5);
    used += work;
    return detector.BeginsToRest(now, used);
  }
  int RestsWithin(int looks, std::chrono::nanoseconds work) {
    int rests = 0;
    for (int i = 0; i < looks; ++i) rests += Passes(work) ? 1 : 0;
    return rests;
  }
};

TEST(RestDetector, AProcessThatHasWorkedRestsOnceAMinuteAfterIt) {
  Process process;
  EXPECT_FALSE(process.Passes(seconds(1)));
  EXPECT_EQ(process.RestsWithin(11, microseconds(200)), 0);
  EXPECT_TRUE(process.Passes(microseconds(200)));
  EXPECT_EQ(process.RestsWithin(1000, microseconds(200)), 0);
  EXPECT_FALSE(process.Passes(milliseconds(50))) << "it works again";
  EXPECT_EQ(process.RestsWithin(12, microseconds(200)), 1);
}

TEST(RestDetector, AProcessThatWorksNowAndThenDoesNotRest) {
  Process process;
  for (int minute = 0; minute < 10; ++minute) {
    EXPECT_FALSE(process.Passes(milliseconds(20)));
    EXPECT_EQ(process.RestsWithin(10, microseconds(0)), 0);
  }
}

}  // namespace
}  // namespace slipway::server
