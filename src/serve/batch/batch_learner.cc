#include "serve/batch/batch_learner.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace slipway::serve {
namespace {

/// Requests that must give the same beside others.
constexpr int kTrialsNeeded = 2;
/// After so many trials without a result it is left alone.
constexpr int kTrialsAtMost = 8;
/// Runs of a size before it is judged.
constexpr int kRunsToJudge = 3;
/// A row of a larger batch must cost less than this part of what it cost before.
constexpr double kPays = 0.95;
/// It is compared with batches of at most this part of its rows: neighbours cost the same.
constexpr double kComparable = 0.75;
/// A size that so many runs were not of is forgotten, and may be tried anew: what it cost when the
/// machine was busy with something else is not to be held against it.
constexpr std::uint64_t kForgetAfter = 512;
/// Share of a new run in the averages.
constexpr double kWeight = 0.25;
/// One in so many joint runs is left out and its first request runs alone, so that what running
/// alone costs stays known; and when runs take so much more or less than at the last time.
constexpr unsigned kLookBack = 16;
constexpr double kChange = 1.25;

}  // namespace

BatchLearner::BatchLearner(std::int64_t most_rows, const BatchProfile& before)
    : most_rows_(most_rows) {
  for (const BatchProfile::Point& point : before.points()) {
    if (point.rows > std::min(most_rows, kMostRows)) break;
    costs_[point.rows] = {static_cast<double>(point.time.count()), kRunsToJudge};
  }
}

BatchLearner::Plan BatchLearner::Next(std::span<const std::int64_t> rows,
                                      std::chrono::nanoseconds longest) {
  const std::lock_guard lock(mutex_);
  if (verdict_ == Verdict::kOpen) return PlanTrial(rows.size());
  if (verdict_ == Verdict::kNever) return {};
  const BatchProfile profile = MakeProfile();
  const BatchDecision known = NextBatch(rows, profile, longest);
  if (known.requests > 1 && LooksBack()) return {.end = BatchEnd::kTrial};
  const std::int64_t wanted = std::min(RowsToTry(), most_rows_);
  std::int64_t total = 0;
  std::size_t taken = 0;
  while (taken < rows.size() && total + rows[taken] <= wanted) total += rows[taken++];
  const auto& [largest, cost] = *costs_.rbegin();
  const bool is_new =
      taken > known.requests && (cost.runs < kRunsToJudge ? total > largest / 2 : total > largest);
  if (is_new && profile.TimeOf(total) <= longest)
    return {.requests = taken, .end = BatchEnd::kTrial};
  return {.requests = known.requests, .end = known.end};
}

bool BatchLearner::LooksBack() {
  const double change = slowness_ / slowness_looked_back_;
  if (++joint_runs_ % kLookBack != 0 && change < kChange && change > 1 / kChange) return false;
  slowness_looked_back_ = slowness_;
  return true;
}

BatchLearner::Plan BatchLearner::PlanTrial(std::size_t waiting) {
  if (is_trying_ || waiting < 2) return {};
  is_trying_ = true;
  return {.requests = 1, .end = BatchEnd::kTrial, .is_trial = true};
}

void BatchLearner::NoteTrial(Trial outcome) {
  const std::lock_guard lock(mutex_);
  is_trying_ = false;
  if (outcome == Trial::kAgreed) ++agreed_;
  if (outcome == Trial::kNothing) ++without_result_;
  if (agreed_ >= kTrialsNeeded && !costs_.empty()) verdict_ = Verdict::kIndependent;
  if (outcome == Trial::kDiffers || without_result_ >= kTrialsAtMost) verdict_ = Verdict::kNever;
}

void BatchLearner::NoteRun(std::int64_t rows, std::chrono::nanoseconds time) {
  const std::lock_guard lock(mutex_);
  if (verdict_ == Verdict::kNever || rows > kMostRows || time.count() <= 0) return;
  Cost& cost = costs_[rows];
  const double taken = static_cast<double>(time.count()) / slowness_;
  if (rows == std::exchange(last_rows_, rows) && cost.runs >= kRunsToJudge) {
    slowness_ *= 1 + kWeight * (taken / cost.nanoseconds - 1);
  } else {
    cost.nanoseconds += std::max(kWeight, 1.0 / (cost.runs + 1)) * (taken - cost.nanoseconds);
  }
  ++cost.runs;
  cost.seen = ++runs_;
  if (runs_ % kForgetAfter != 0) return;
  std::erase_if(costs_,
                [this](const auto& size) { return runs_ - size.second.seen >= kForgetAfter; });
}

void BatchLearner::NoteFailure(std::int64_t rows) {
  const std::lock_guard lock(mutex_);
  most_rows_ = std::min(most_rows_, rows - 1);
  costs_.erase(costs_.upper_bound(most_rows_), costs_.end());
  if (costs_.empty()) verdict_ = Verdict::kNever;
}

BatchProfile BatchLearner::Profile() const {
  const std::lock_guard lock(mutex_);
  return verdict_ == Verdict::kIndependent ? MakeProfile() : BatchProfile();
}

/// Rows up to which a batch may be tried next: the largest size until it is judged, twice as many
/// while it pays, else none.
std::int64_t BatchLearner::RowsToTry() const {
  const auto& [rows, cost] = *costs_.rbegin();
  if (cost.runs < kRunsToJudge) return rows;
  const double row = cost.nanoseconds / static_cast<double>(rows);
  const auto compared = costs_.upper_bound(static_cast<std::int64_t>(kComparable * rows));
  const bool pays = std::all_of(costs_.begin(), compared, [row](const auto& size) {
    return row < kPays * size.second.nanoseconds / static_cast<double>(size.first);
  });
  return pays ? 2 * rows : 0;
}

/// A profile begins with one row: of requests that always have several it is the part of one. No
/// batch takes longer in it than a larger one.
BatchProfile BatchLearner::MakeProfile() const {
  std::vector<BatchProfile::Point> points;
  const auto& [fewest, cost] = *costs_.begin();
  if (fewest > 1) {
    const double one = std::max(1.0, slowness_ * cost.nanoseconds / static_cast<double>(fewest));
    points.push_back({1, std::chrono::nanoseconds(std::llround(one))});
  }
  for (const auto& [rows, taken] : costs_)
    points.push_back({rows, std::chrono::nanoseconds(std::llround(slowness_ * taken.nanoseconds))});
  for (auto point = std::next(points.rbegin()); point != points.rend(); ++point)
    point->time = std::min(point->time, std::prev(point)->time);
  return BatchProfile(std::move(points));
}

}  // namespace slipway::serve
