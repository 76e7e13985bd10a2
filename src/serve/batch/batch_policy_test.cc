#include "serve/batch/batch_policy.h"

#include <gtest/gtest.h>

#include <vector>

namespace slipway::serve {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

BatchProfile Paying() {
  return BatchProfile(
      {{1, microseconds(10)}, {2, microseconds(11)}, {4, microseconds(13)}, {8, microseconds(17)}});
}

struct Case {
  std::vector<std::int64_t> rows;
  BatchProfile profile;
  nanoseconds longest;
  BatchDecision decision;
};

TEST(NextBatch, DecidesByTheProfile) {
  const BatchProfile dear({{1, microseconds(10)}, {2, microseconds(25)}, {4, microseconds(60)}});
  const Case cases[] = {
      {{1}, Paying(), microseconds(100), {1, BatchEnd::kNobodyElse}},
      {{1, 1, 1}, Paying(), microseconds(100), {3, BatchEnd::kNobodyElse}},
      {{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, Paying(), microseconds(100), {8, BatchEnd::kBestSize}},
      {{6, 1, 2}, Paying(), microseconds(100), {2, BatchEnd::kBestSize}},
      {{20, 1}, Paying(), microseconds(100), {1, BatchEnd::kBestSize}},
      {{1, 1, 1, 1}, Paying(), microseconds(12), {3, BatchEnd::kLongEnough}},
      {{9, 1}, Paying(), microseconds(1), {1, BatchEnd::kBestSize}},
      {{1, 1}, dear, microseconds(100), {1, BatchEnd::kBestSize}},
      {{1, 1}, BatchProfile(), microseconds(100), {1, BatchEnd::kNotKnown}},
  };
  for (const Case& each : cases)
    EXPECT_EQ(NextBatch(each.rows, each.profile, each.longest), each.decision)
        << each.rows.size() << " requests, the first of " << each.rows[0] << " rows";
}

TEST(NextBatch, ItsReasonsHaveNames) {
  EXPECT_EQ(BatchEndName(BatchEnd::kNobodyElse), "nobody_else");
  EXPECT_EQ(BatchEndName(BatchEnd::kBestSize), "best_size");
  EXPECT_EQ(BatchEndName(BatchEnd::kLongEnough), "long_enough");
  EXPECT_EQ(BatchEndName(BatchEnd::kTrial), "trial");
  EXPECT_EQ(BatchEndName(BatchEnd::kNotKnown), "not_known");
}

}  // namespace
}  // namespace slipway::serve
