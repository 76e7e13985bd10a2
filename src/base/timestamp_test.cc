#include "base/timestamp.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Timestamp, IsUtcToTheMillisecond) {
  const WallTime time{std::chrono::milliseconds(1'700'000'000'007)};
  EXPECT_EQ(Rfc3339(time), "2023-11-14T22:13:20.007Z");
}

TEST(Timestamp, ATimeBefore1970IsNotRoundedTowardsIt) {
  EXPECT_EQ(Rfc3339(WallTime{std::chrono::milliseconds(-1)}), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace slipway
