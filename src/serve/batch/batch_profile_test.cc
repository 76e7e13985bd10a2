#include "serve/batch/batch_profile.h"

#include <gtest/gtest.h>

namespace slipway::serve {
namespace {

using std::chrono::nanoseconds;

TEST(BatchProfile, KnowsTheTimesBetweenAndBeyondItsPoints) {
  const BatchProfile profile({{1, nanoseconds(100)}, {2, nanoseconds(110)}, {4, nanoseconds(150)}});
  EXPECT_EQ(profile.TimeOf(1).count(), 100);
  EXPECT_EQ(profile.TimeOf(2).count(), 110);
  EXPECT_EQ(profile.TimeOf(3).count(), 130);
  EXPECT_EQ(profile.TimeOf(8).count(), 300);
}

TEST(BatchProfile, TheBestSizeIsTheSmallestThatIsAsGoodAsAny) {
  const BatchProfile pays(
      {{1, nanoseconds(100)}, {2, nanoseconds(120)}, {4, nanoseconds(160)}, {8, nanoseconds(310)}});
  EXPECT_EQ(pays.best_rows(), 4) << "8 rows are only 3 % cheaper a row";
  EXPECT_EQ(pays.LeastTimeOf(2).count(), 80);
  const BatchProfile does_not({{1, nanoseconds(100)}, {2, nanoseconds(210)}});
  EXPECT_EQ(does_not.best_rows(), 1);
}

TEST(BatchProfile, WithoutPointsNothingIsKnown) {
  const BatchProfile profile;
  EXPECT_FALSE(profile.IsKnown());
  EXPECT_EQ(profile.TimeOf(5).count(), 0);
  EXPECT_EQ(profile.best_rows(), 1);
}

}  // namespace
}  // namespace slipway::serve
