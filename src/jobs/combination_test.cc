#include "jobs/combination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "base/error_catalogue.h"
#include "jobs/combination_fit.h"

namespace slipway::jobs {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pointwise;

constexpr double kClose = 1e-6;

MATCHER_P(IsNear, distance, "") { return std::abs(std::get<0>(arg) - std::get<1>(arg)) < distance; }

Combination Of(CombinationKind kind, std::size_t members = 3) {
  return {.kind = kind, .members = members, .classes = 2, .weights = {}, .biases = {}};
}

TEST(Combination, TheMeanOfProbabilities) {
  const std::vector<float> rows = {0.9F, 0.1F, 0.6F, 0.4F, 0.0F, 1.0F};
  EXPECT_THAT(Combine(Of(CombinationKind::kMean), rows),
              Pointwise(IsNear(kClose), std::vector<double>{0.5, 0.5}));
}

TEST(Combination, TheMajorityWinsAVote) {
  const std::vector<float> rows = {0.51F, 0.49F, 0.51F, 0.49F, 0.0F, 1.0F};
  const std::vector<double> scores = Combine(Of(CombinationKind::kVote), rows);
  EXPECT_GT(scores[0], scores[1]);
  EXPECT_NEAR(scores[0] + scores[1], 1, kClose);
}

TEST(Combination, TheMeanDecidesTiedVotes) {
  const std::vector<float> rows = {0.6F, 0.4F, 0.1F, 0.9F};
  const std::vector<double> scores = Combine(Of(CombinationKind::kVote, 2), rows);
  EXPECT_GT(scores[1], scores[0]);
}

TEST(Combination, WeightsAreObeyed) {
  Combination combination = Of(CombinationKind::kWeighted, 2);
  combination.weights = {0.75, 0.25};
  EXPECT_THAT(Combine(combination, std::vector<float>{1, 0, 0, 1}),
              Pointwise(IsNear(kClose), std::vector<double>{0.75, 0.25}));
}

TEST(Combination, AStackIsASoftmaxOfWeightedLogarithms) {
  Combination combination = Of(CombinationKind::kStack, 1);
  combination.weights = {2};
  combination.biases = {0, std::log(4.0)};
  // 0.8^2 : 0.2^2 * 4 = 0.64 : 0.16.
  EXPECT_THAT(Combine(combination, std::vector<float>{0.8F, 0.2F}),
              Pointwise(IsNear(kClose), std::vector<double>{0.8, 0.2}));
}

TEST(Combination, UnknownNamesAreRefused) {
  EXPECT_EQ(*CombinationNamed("stack"), CombinationKind::kStack);
  EXPECT_EQ(CombinationNamed("average").status().number(), errors::kUsage);
}

/// Rows of three classes: member 0 gives the right class 0.7 nearly always, member 1 says nothing,
/// member 2 is mostly wrong.
MemberScores MadeUpScores(std::size_t rows) {
  MemberScores scores{.members = 3, .classes = 3, .probabilities = {}, .labels = {}};
  std::mt19937 random(7);
  std::uniform_int_distribution<std::uint32_t> any(0, 2);
  std::uniform_real_distribution<double> chance(0, 1);
  const auto say = [&](std::uint32_t winner, float by) {
    for (std::uint32_t c = 0; c < 3; ++c)
      scores.probabilities.push_back(c == winner ? by : (1 - by) / 2);
  };
  for (std::size_t row = 0; row < rows; ++row) {
    const std::uint32_t label = any(random);
    scores.labels.push_back(label);
    say(chance(random) < 0.9 ? label : any(random), 0.7F);
    say(0, 1.0F / 3);
    say(chance(random) < 0.2 ? label : any(random), 0.8F);
  }
  return scores;
}

std::vector<std::size_t> AllRows(const MemberScores& scores) {
  std::vector<std::size_t> rows(scores.rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

double LossOf(const MemberScores& scores, const Combination& combination) {
  double loss = 0;
  for (std::size_t row = 0; row < scores.rows(); ++row)
    loss -= std::log(Combine(combination, scores.row(row))[scores.labels[row]]);
  return loss;
}

TEST(CombinationFit, WeightsGoToTheMemberThatIsRight) {
  const MemberScores scores = MadeUpScores(500);
  const CombinationFit fit = FitWeights(scores, AllRows(scores));
  const std::vector<double>& weights = fit.combination.weights;
  EXPECT_NEAR(weights[0] + weights[1] + weights[2], 1, kClose);
  EXPECT_GT(weights[0], 0.8);
  EXPECT_GE(weights[2], 0);
}

TEST(CombinationFit, NoOtherWeightsMakeTheLabelsMoreLikely) {
  const MemberScores scores = MadeUpScores(500);
  const CombinationFit fit = FitWeights(scores, AllRows(scores));
  const double best = LossOf(scores, fit.combination);
  for (const std::vector<double>& weights :
       {std::vector<double>{1, 0, 0}, std::vector<double>{0.8, 0.2, 0},
        std::vector<double>{0.8, 0, 0.2}, std::vector<double>{0.5, 0.3, 0.2}}) {
    Combination other = fit.combination;
    other.weights = weights;
    EXPECT_GE(LossOf(scores, other), best - 1e-3);
  }
}

TEST(CombinationFit, AStackIsBetterThanTheMeanItBeginsWith) {
  const MemberScores scores = MadeUpScores(500);
  const CombinationFit fit = FitStack(scores, AllRows(scores));
  Combination plain = fit.combination;
  plain.weights.assign(3, 1.0 / 3);
  plain.biases.assign(3, 0);
  EXPECT_LT(LossOf(scores, fit.combination), 0.8 * LossOf(scores, plain));
  EXPECT_GT(fit.combination.weights[0], fit.combination.weights[2]);
}

TEST(CombinationFit, AStackEndsWhereNothingNearIsBetter) {
  const MemberScores scores = MadeUpScores(200);
  const CombinationFit fit = FitStack(scores, AllRows(scores));
  const auto penalised = [&](const Combination& combination) {
    double loss = LossOf(scores, combination);
    for (const double weight : combination.weights)
      loss += kPenalty / 2 * (weight - 1.0 / 3) * (weight - 1.0 / 3);
    for (const double bias : combination.biases) loss += kPenalty / 2 * bias * bias;
    return loss;
  };
  const double best = penalised(fit.combination);
  for (const double step : {-0.05, 0.05}) {
    for (std::size_t i = 0; i < 3; ++i) {
      Combination other = fit.combination;
      other.weights[i] += step;
      EXPECT_GT(penalised(other), best);
      other = fit.combination;
      other.biases[i] += step;
      EXPECT_GT(penalised(other), best);
    }
  }
}

TEST(CombinationFit, AFifthIsHeldOutWhateverTheOrder) {
  std::size_t held_out = 0;
  for (std::size_t row = 0; row < 10'000; ++row) held_out += IsHeldOut(row) ? 1 : 0;
  EXPECT_NEAR(static_cast<double>(held_out), 2000, 120);
  EXPECT_EQ(IsHeldOut(17), IsHeldOut(17));
}

}  // namespace
}  // namespace slipway::jobs
