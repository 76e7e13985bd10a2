#include "telemetry/bounded_ring.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

namespace slipway::telemetry {
namespace {

bool Put(BoundedRing<int>& ring, int value) {
  return ring.Push([value](int& place) { place = value; });
}

std::vector<int> TakeAll(BoundedRing<int>& ring) {
  std::vector<int> taken;
  while (ring.Pop([&](int value) { taken.push_back(value); })) continue;
  return taken;
}

TEST(BoundedRing, GivesInTheOrderItGot) {
  BoundedRing<int> ring(4);
  for (int round = 0; round < 3; ++round) {
    for (int value = 0; value < 3; ++value) ASSERT_TRUE(Put(ring, value));
    EXPECT_EQ(TakeAll(ring), (std::vector<int>{0, 1, 2}));
  }
}

TEST(BoundedRing, TakesNoMoreThanItHolds) {
  BoundedRing<int> ring(3);
  EXPECT_EQ(ring.capacity(), 4U);
  for (int value = 0; value < 4; ++value) ASSERT_TRUE(Put(ring, value));
  EXPECT_FALSE(Put(ring, 4));
  EXPECT_EQ(TakeAll(ring), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_TRUE(Put(ring, 5));
}

TEST(BoundedRing, LosesNothingBetweenThreadsThatIsNotRefused) {
  constexpr int kThreads = 3;
  constexpr int kEach = 20'000;
  BoundedRing<int> ring(64);
  std::array<int, kThreads> next{};
  bool in_order = true;
  std::vector<std::jthread> pushers;
  for (int thread = 0; thread < kThreads; ++thread) {
    pushers.emplace_back([&ring, thread] {
      for (int i = 0; i < kEach; ++i) {
        while (!Put(ring, i * kThreads + thread)) std::this_thread::yield();
      }
    });
  }
  for (int left = kThreads * kEach; left > 0;) {
    const bool taken = ring.Pop([&](int value) {
      int& expected = next[static_cast<std::size_t>(value % kThreads)];
      in_order = in_order && value / kThreads == expected++;
    });
    left -= taken ? 1 : 0;
    if (!taken) std::this_thread::yield();
  }
  EXPECT_TRUE(in_order);
  EXPECT_FALSE(ring.Pop([](int) {}));
}

}  // namespace
}  // namespace slipway::telemetry
