#include "access/usage.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "access/network_usages.h"

namespace slipway::access {
namespace {

using Part = Overuse::Part;

constexpr MonotonicTime kNow{std::chrono::hours(1)};

TEST(Usage, LetsInAsManyAsMayBeInFlight) {
  Usage usage;
  const Quota quota{.in_flight = 2};
  EXPECT_EQ(usage.Enter(quota, kNow).part, Part::kNone);
  EXPECT_EQ(usage.Enter(quota, kNow).part, Part::kNone);
  EXPECT_EQ(usage.Enter(quota, kNow).part, Part::kInFlight);
  usage.Leave();
  EXPECT_EQ(usage.Enter(quota, kNow).part, Part::kNone);
}

TEST(Usage, WhomTheRateRefusesTakesNoPlace) {
  Usage usage;
  const Quota quota{.rate = {.per_second = 1, .burst = 1}, .in_flight = 2};
  EXPECT_EQ(usage.Enter(quota, kNow).part, Part::kNone);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(usage.Enter(quota, kNow).part, Part::kRate);
  EXPECT_EQ(usage.Enter(quota, kNow + std::chrono::seconds(1)).part, Part::kNone);
}

TEST(Usage, ThreadsTogetherGetTheBurstAndNoMore) {
  Usage usage;
  const Quota quota{.rate = {.per_second = 1, .burst = 1000}};
  std::atomic<int> taken = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int k = 0; k < 1000; ++k) taken += usage.Enter(quota, kNow).part == Part::kNone;
      });
  }
  EXPECT_EQ(taken, 1000);
}

TEST(Place, IsGivenBackOnceHoweverItMoves) {
  const auto usage = std::make_shared<Usage>();
  const Quota quota{.in_flight = 1};
  ASSERT_EQ(usage->Enter(quota, kNow).part, Part::kNone);
  {
    Place first(usage);
    Place second(std::move(first));
    Place third;
    third = std::move(second);
    EXPECT_EQ(usage->Enter(quota, kNow).part, Part::kInFlight);
  }
  EXPECT_EQ(usage->Enter(quota, kNow).part, Part::kNone);
  EXPECT_EQ(usage->Enter(quota, kNow).part, Part::kInFlight);
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
