#include "serve/batch/batch_rules.h"

#include <gtest/gtest.h>

#include <limits>

namespace slipway::serve {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

struct Row {
  const char* name;
  std::vector<std::int64_t> rows;
  BatchRules rules;
  RuledDecision expected;
  nanoseconds waited{0};
  bool is_cut = false;
  nanoseconds patience = hours(1);
};

RuledDecision Now(std::size_t requests, BatchEnd end) { return {.requests = requests, .end = end}; }
RuledDecision Later(nanoseconds wait) { return {.wait = wait}; }

TEST(RuledBatch, FollowsTheTable) {
  const BatchRules eight{.max_rows = 8};
  const BatchRules patient{.max_rows = 8, .max_delay = milliseconds(2)};
  const BatchRules four{.max_rows = 8, .preferred = {4}, .max_delay = milliseconds(2)};
  const BatchRules both{.max_rows = 8, .preferred = {2, 4}, .max_delay = milliseconds(2)};
  const BatchRules four_at_once{.max_rows = 8, .preferred = {4}};
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  const Row rows[] = {
      {"without a delay nobody waits", {1}, eight, Now(1, BatchEnd::kNobodyElse)},
      {"all that wait", {1, 2, 3}, eight, Now(3, BatchEnd::kNobodyElse)},
      {"up to the largest", {4, 4, 1}, eight, Now(2, BatchEnd::kFull)},
      {"the next does not fit", {4, 3, 2, 1}, eight, Now(2, BatchEnd::kFull)},
      {"the oldest alone has more", {9, 1}, eight, Now(1, BatchEnd::kFull)},
      {"sums do not overflow", {kMost, kMost}, eight, Now(1, BatchEnd::kFull)},
      {"another shape behind", {1, 1}, patient, Now(2, BatchEnd::kShape), nanoseconds(0), true},
      {"one waits for company", {1}, patient, Later(milliseconds(2))},
      {"it has waited", {1}, patient, Later(milliseconds(1)), milliseconds(1)},
      {"it has waited long enough", {1, 1}, patient, Now(2, BatchEnd::kDelay), milliseconds(2)},
      {"full before its time", {4, 4}, patient, Now(2, BatchEnd::kFull)},
      {"a deadline bounds the wait",
       {1},
       patient,
       Later(microseconds(300)),
       nanoseconds(0),
       false,
       microseconds(300)},
      {"a deadline is near",
       {1},
       patient,
       Now(1, BatchEnd::kDeadline),
       nanoseconds(0),
       false,
       nanoseconds(0)},
      {"a preferred size goes at once", {1, 1, 2}, four, Now(3, BatchEnd::kPreferred)},
      {"what is more waits on", {1, 1, 2, 1}, four, Now(3, BatchEnd::kPreferred)},
      {"the last of several", {1, 1, 1, 1, 1}, both, Now(4, BatchEnd::kPreferred)},
      {"the first of several", {1, 1, 1}, both, Now(2, BatchEnd::kPreferred)},
      {"before the largest would be passed", {3, 3}, four, Now(1, BatchEnd::kPreferred)},
      {"below every preferred size", {1, 1}, four, Later(milliseconds(2))},
      {"too old to prefer", {1, 1, 2, 1}, four, Now(4, BatchEnd::kDelay), milliseconds(3)},
      {"a preferred size without a delay",
       {1, 1, 2, 1},
       four_at_once,
       Now(4, BatchEnd::kNobodyElse)},
  };
  for (const Row& row : rows) {
    const WaitingRows waiting{
        .rows = row.rows, .is_cut = row.is_cut, .waited = row.waited, .patience = row.patience};
    EXPECT_EQ(NextBatch(waiting, row.rules), row.expected) << row.name;
  }
}

}  // namespace
}  // namespace slipway::serve
