#include "serve/model/memory_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace slipway::serve {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

// Fault C3: with both figures
TEST(MemoryBudget, WhatDoesNotFitIsRefusedWithBothFigures) {
  MemoryBudget budget(100 * kMiB);
  ASSERT_TRUE(budget.Reserve(1, {.own_bytes = 70 * kMiB}).ok());
  const Status refused = budget.Reserve(2, {.own_bytes = 40 * kMiB});
  EXPECT_EQ(refused.code(), Code::kResourceExhausted);
  EXPECT_EQ(refused.number(), errors::kMemoryBudget);
  EXPECT_THAT(refused.message(), HasSubstr("needs about 40"));
  EXPECT_THAT(refused.message(), HasSubstr("30"));
  EXPECT_EQ(budget.held(), 70 * kMiB);
  EXPECT_TRUE(budget.Reserve(3, {.own_bytes = 30 * kMiB}).ok());
}

TEST(MemoryBudget, WhatIsReleasedMayBeHadAgain) {
  MemoryBudget budget(100 * kMiB);
  ASSERT_TRUE(budget.Reserve(1, {.own_bytes = 70 * kMiB}).ok());
  budget.Release(1);
  budget.Release(1);
  EXPECT_EQ(budget.held(), 0U);
  EXPECT_TRUE(budget.Reserve(2, {.own_bytes = 100 * kMiB}).ok());
}

TEST(MemoryBudget, AMeasuredFigureTakesThePlaceOfTheExpectedOne) {
  MemoryBudget budget(100 * kMiB);
  ASSERT_TRUE(budget.Reserve(1, {.own_bytes = 90 * kMiB}).ok());
  budget.Settle(1, {.own_bytes = 20 * kMiB});
  EXPECT_EQ(budget.held(), 20 * kMiB);
  EXPECT_TRUE(budget.Reserve(2, {.own_bytes = 80 * kMiB}).ok());
}

TEST(MemoryBudget, SharedBytesCountOnceAsLongAsSomebodyHoldsThem) {
  MemoryBudget budget(130 * kMiB);
  const MemoryNeed need{.own_bytes = 10 * kMiB, .shared_key = "w", .shared_bytes = 100 * kMiB};
  ASSERT_TRUE(budget.Reserve(1, need).ok());
  ASSERT_TRUE(budget.Reserve(2, need).ok());
  EXPECT_EQ(budget.held(), 120 * kMiB);
  budget.Release(1);
  EXPECT_EQ(budget.held(), 110 * kMiB);
  budget.Settle(2, need);
  EXPECT_EQ(budget.held(), 110 * kMiB);
  budget.Release(2);
  EXPECT_EQ(budget.held(), 0U);
}

TEST(MemoryBudget, WithoutALimitAnythingFits) {
  MemoryBudget budget(0);
  EXPECT_TRUE(budget.Reserve(1, {.own_bytes = std::uint64_t{1} << 60}).ok());
}

}  // namespace
}  // namespace slipway::serve
