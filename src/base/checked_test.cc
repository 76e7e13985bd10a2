#include "base/checked.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace slipway {
namespace {

TEST(Checked, SaysWhenASumOrProductWraps) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(CheckedAdd<std::int64_t>(kMost - 1, 1), kMost);
  EXPECT_EQ(CheckedAdd<std::int64_t>(kMost, 1), std::nullopt);
  EXPECT_EQ(CheckedMul<std::int64_t>(kMost, 2), std::nullopt);
  EXPECT_EQ(CheckedMul<std::uint64_t>(1ULL << 32, 1ULL << 32), std::nullopt);
}

// Bad input T1: a product of dimensions that wraps to a small number is an overflow
TEST(CheckedProduct, SaysWhenDimensionsWrap) {
  const std::vector<std::int64_t> wraps_to_32 = {16, (std::int64_t{1} << 60) + 2};
  EXPECT_EQ(CheckedProduct(wraps_to_32), std::nullopt);
  EXPECT_EQ(CheckedProduct(std::vector<std::int64_t>{2, 3, 4}), 24U);
  EXPECT_EQ(CheckedProduct({}), 1U);
  EXPECT_EQ(CheckedProduct(std::vector<std::int64_t>{2, -1}), std::nullopt);
  EXPECT_EQ(CheckedProduct(std::vector<std::int64_t>{2, 0}), 0U);
}

}  // namespace
}  // namespace slipway
