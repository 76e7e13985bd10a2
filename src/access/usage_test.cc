#include "access/usage.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "access/network_usages.h"
#include "base/fake_clock.h"

namespace slipway::access {
namespace {

using Part = Overuse::Part;

/// Of a thread that has read the time and is held up: meanwhile something else happens, once.
class ClockOfOneHeldUp final : public Clock {
 public:
  ClockOfOneHeldUp(const Clock& clock, std::function<void()> meanwhile)
      : clock_(clock), meanwhile_(std::move(meanwhile)) {}
  MonotonicTime Now() const override {
    const MonotonicTime read = clock_.Now();
    if (meanwhile_) std::exchange(meanwhile_, nullptr)();
    return read;
  }
  WallTime WallNow() const override { return clock_.WallNow(); }

 private:
  const Clock& clock_;
  mutable std::function<void()> meanwhile_;
};

TEST(Usage, LetsInAsManyAsMayBeInFlight) {
  const FakeClock clock;
  Usage usage;
  const Quota quota{.in_flight = 2};
  EXPECT_EQ(usage.Enter(quota, clock).part, Part::kNone);
  EXPECT_EQ(usage.Enter(quota, clock).part, Part::kNone);
  EXPECT_EQ(usage.Enter(quota, clock).part, Part::kInFlight);
  usage.Leave();
  EXPECT_EQ(usage.Enter(quota, clock).part, Part::kNone);
}

TEST(Usage, WhomTheRateRefusesTakesNoPlace) {
  FakeClock clock;
  Usage usage;
  const Quota quota{.rate = {.per_second = 1, .burst = 1}, .in_flight = 2};
  EXPECT_EQ(usage.Enter(quota, clock).part, Part::kNone);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(usage.Enter(quota, clock).part, Part::kRate);
  clock.Advance(std::chrono::seconds(1));
  EXPECT_EQ(usage.Enter(quota, clock).part, Part::kNone);
}

TEST(Usage, ThreadsTogetherGetTheBurstAndNoMore) {
  const FakeClock clock;
  Usage usage;
  const Quota quota{.rate = {.per_second = 1, .burst = 1000}};
  std::atomic<int> taken = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int k = 0; k < 1000; ++k) taken += usage.Enter(quota, clock).part == Part::kNone;
      });
  }
  EXPECT_EQ(taken, 1000);
}

TEST(Usage, AThreadThatIsHeldUpIsNotRefusedForWhatOthersTookSince) {
  FakeClock clock;
  Usage usage;
  const Quota quota{.rate = {.per_second = 1000, .burst = 2}};
  const ClockOfOneHeldUp late(clock, [&] {
    clock.Advance(std::chrono::seconds(1));
    EXPECT_EQ(usage.Enter(quota, clock).part, Part::kNone);
  });
  EXPECT_EQ(usage.Enter(quota, late).part, Part::kNone);
  EXPECT_EQ(usage.Enter(quota, clock).part, Part::kRate) << "both were counted";
}

TEST(Place, IsGivenBackOnceHoweverItMoves) {
  const FakeClock clock;
  const auto usage = std::make_shared<Usage>();
  const Quota quota{.in_flight = 1};
  ASSERT_EQ(usage->Enter(quota, clock).part, Part::kNone);
  {
    Place first(usage);
    Place second(std::move(first));
    Place third;
    third = std::move(second);
    EXPECT_EQ(usage->Enter(quota, clock).part, Part::kInFlight);
  }
  EXPECT_EQ(usage->Enter(quota, clock).part, Part::kNone);
  EXPECT_EQ(usage->Enter(quota, clock).part, Part::kInFlight);
}

TEST(NetworkUsages, GivesNearlyEveryNetworkAPlaceOfItsOwn) {
  const auto usages = NetworkUsages::Create();
  std::set<const Usage*> places;
  for (std::uint64_t network = 0; network < 1000; ++network)
    places.insert(usages->Of(network).get());
  EXPECT_GT(places.size(), 970U);
  EXPECT_EQ(usages->Of(7), usages->Of(7));
  EXPECT_NE(usages->Of(7), NetworkUsages::Create()->Of(7)) << "in each server another";
}

}  // namespace
}  // namespace slipway::access
