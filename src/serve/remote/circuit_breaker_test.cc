#include "serve/remote/circuit_breaker.h"

#include <gtest/gtest.h>

#include "serve/remote/retry_budget.h"

namespace slipway::serve {
namespace {

using std::chrono::milliseconds;
using State = CircuitBreaker::State;

constexpr CircuitBreaker::Limits kLimits{
    .failures = 3, .rest = milliseconds(100), .longest_rest = milliseconds(300)};
constexpr MonotonicTime kStart{std::chrono::hours(1)};

CircuitBreaker Open() {
  CircuitBreaker breaker(kLimits);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(breaker.Admit(kStart));
    breaker.Failed(kStart);
  }
  return breaker;
}

TEST(CircuitBreaker, OpensAfterSoManyFailuresInARow) {
  CircuitBreaker breaker(kLimits);
  breaker.Failed(kStart);
  breaker.Failed(kStart);
  breaker.Succeeded();
  breaker.Failed(kStart);
  breaker.Failed(kStart);
  EXPECT_EQ(breaker.state(kStart), State::kClosed);
  breaker.Failed(kStart);
  EXPECT_EQ(breaker.state(kStart), State::kOpen);
  EXPECT_FALSE(breaker.Admit(kStart + milliseconds(99)));
}

TEST(CircuitBreaker, LetsOneCallTryAndClosesWhenThatSucceeds) {
  CircuitBreaker breaker = Open();
  const MonotonicTime later = kStart + milliseconds(100);
  EXPECT_EQ(breaker.state(later), State::kHalfOpen);
  EXPECT_TRUE(breaker.Admit(later));
  EXPECT_FALSE(breaker.Admit(later)) << "one at a time";
  breaker.Succeeded();
  EXPECT_EQ(breaker.state(later), State::kClosed);
  EXPECT_TRUE(breaker.Admit(later));
}

TEST(CircuitBreaker, RestsTwiceAsLongAfterATryThatFailsUpToABound) {
  CircuitBreaker breaker = Open();
  MonotonicTime now = kStart + milliseconds(100);
  for (const int rest : {200, 300, 300}) {
    ASSERT_TRUE(breaker.Admit(now));
    breaker.Failed(now);
    EXPECT_EQ(breaker.until() - now, milliseconds(rest));
    now += milliseconds(rest);
  }
}

TEST(CircuitBreaker, ATryThatSaysNothingIsFollowedByAnother) {
  CircuitBreaker breaker = Open();
  const MonotonicTime later = kStart + milliseconds(100);
  ASSERT_TRUE(breaker.Admit(later));
  breaker.Unknown();
  EXPECT_TRUE(breaker.Admit(later));
}

TEST(CircuitBreaker, AFailureOfACallFromBeforeProlongsNothing) {
  CircuitBreaker breaker = Open();
  const MonotonicTime until = breaker.until();
  breaker.Failed(kStart + milliseconds(50));
  EXPECT_EQ(breaker.until(), until);
}

TEST(RetryBudget, RetriesAreAFractionOfTheCalls) {
  RetryBudget budget;
  int retries = 0;
  while (budget.Take()) ++retries;
  EXPECT_EQ(retries, 10) << "so many at first";
  for (int call = 0; call < 1000; ++call) {
    budget.NoteCall();
    if (budget.Take()) ++retries;
  }
  EXPECT_EQ(retries, 110);
}

TEST(RetryBudget, KeepsNoMoreThanItsMost) {
  RetryBudget budget;
  for (int call = 0; call < 1000; ++call) budget.NoteCall();
  int retries = 0;
  while (budget.Take()) ++retries;
  EXPECT_EQ(retries, 10);
}

}  // namespace
}  // namespace slipway::serve
