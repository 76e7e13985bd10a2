#include "access/rate_limit.h"

#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace slipway::access {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonotonicTime kStart{std::chrono::hours(1)};

TEST(ParseRateLimit, ReadsCountAndUnit) {
  EXPECT_EQ(ParseRateLimit("100").value(), (RateLimit{100, 100}));
  EXPECT_EQ(ParseRateLimit("100/s").value(), (RateLimit{100, 100}));
  EXPECT_EQ(ParseRateLimit("120/m").value(), (RateLimit{2, 2}));
  EXPECT_EQ(ParseRateLimit("3600/h").value(), (RateLimit{1, 1}));
  EXPECT_EQ(ParseRateLimit("0.5", 7).value(), (RateLimit{0.5, 7}));
  EXPECT_EQ(ParseRateLimit("0.5").value(), (RateLimit{0.5, 1}));
}

TEST(ParseRateLimit, RefusesWhatIsNoRate) {
  for (const char* const text :
       {"", "0", "-1", "x", "1/", "1/d", "/s", "nan", "inf", "1e7", "1 /s", "0.9/h", "1/s/s"})
    EXPECT_EQ(ParseRateLimit(text).status().number(), errors::kUsage) << text;
  EXPECT_FALSE(ParseRateLimit("1", 0.5).ok());
  EXPECT_FALSE(ParseRateLimit("1", 1e9).ok());
}

TEST(Describe, SaysARateAsItWasMeant) {
  EXPECT_EQ(Describe({}), "none");
  EXPECT_EQ(Describe({.per_second = 100, .burst = 200}), "100/s, 200 at once");
  EXPECT_EQ(Describe(ParseRateLimit("10/h").value()), "10/h, 1 at once");
}

/// How many of `tries` at one time are let through.
int Taken(const RateLimit& limit, MonotonicTime& full_at, MonotonicTime now, int tries) {
  int taken = 0;
  for (int i = 0; i < tries; ++i) {
    const BucketStep step = Take(limit, full_at, now);
    full_at = step.full_at;
    if (step.wait.count() == 0) ++taken;
  }
  return taken;
}

TEST(TokenBucket, GivesTheBurstAndThenTheRate) {
  const RateLimit limit{.per_second = 10, .burst = 5};
  MonotonicTime full_at;
  EXPECT_EQ(Taken(limit, full_at, kStart, 100), 5);
  EXPECT_EQ(Taken(limit, full_at, kStart + milliseconds(99), 100), 0);
  EXPECT_EQ(Taken(limit, full_at, kStart + milliseconds(100), 100), 1);
  EXPECT_EQ(Taken(limit, full_at, kStart + milliseconds(400), 100), 3);
  EXPECT_EQ(Taken(limit, full_at, kStart + seconds(3600), 100), 5) << "no more than the burst";
}

TEST(TokenBucket, SaysHowLongToWaitAndKeepsItsWord) {
  const RateLimit limit{.per_second = 4, .burst = 1};
  MonotonicTime full_at;
  EXPECT_EQ(Taken(limit, full_at, kStart, 1), 1);
  const BucketStep refused = Take(limit, full_at, kStart + milliseconds(50));
  EXPECT_EQ(refused.wait, milliseconds(200));
  EXPECT_EQ(refused.full_at, full_at) << "who is refused does not wait longer for it";
  EXPECT_EQ(Taken(limit, full_at, kStart + milliseconds(50) + refused.wait, 1), 1);
}

}  // namespace
}  // namespace slipway::access
