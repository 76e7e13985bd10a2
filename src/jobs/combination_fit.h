#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "jobs/combination.h"

namespace slipway::jobs {

/// What several classifiers say of a labelled set.
struct MemberScores {
  std::size_t members = 0;
  std::size_t classes = 0;
  std::vector<float> probabilities;   ///< [rows][members][classes]
  std::vector<std::uint32_t> labels;  ///< one a row, below `classes`

  std::size_t rows() const { return labels.size(); }
  std::span<const float> row(std::size_t index) const {
    const std::size_t width = members * classes;
    return std::span(probabilities).subspan(index * width, width);
  }
};

/// Whether a row is kept out of fitting, to judge by: every fifth, chosen by a hash of its number
/// (the finalizer of SplitMix64), so that the order of a sorted set does not matter and the choice
/// is the same each time.
bool IsHeldOut(std::size_t row);

struct CombinationFit {
  Combination combination;
  std::size_t steps = 0;  ///< of the method
};

/// Weights of kWeighted by the rows given: those that make the labels most likely under the
/// mixture of the members. Expectation maximisation for mixture proportions (Dempster, Laird and
/// Rubin, "Maximum likelihood from incomplete data via the EM algorithm", JRSS B 39, 1977): the
/// likelihood is concave in the weights, so it ends at the best ones.
CombinationFit FitWeights(const MemberScores& scores, std::span<const std::size_t> rows);

/// Weights and biases of kStack: multinomial logistic regression on the members' log
/// probabilities, one weight a member and one bias a class (Ting and Witten, "Issues in stacked
/// generalization", JAIR 10, 1999, who find logistic outputs of the members and few parameters to
/// be what stacking needs), with a quadratic penalty of `kPenalty` around the plain mean of
/// logarithms. The function is convex; steepest descent with backtracking ends near its minimum.
inline constexpr double kPenalty = 1.0;
CombinationFit FitStack(const MemberScores& scores, std::span<const std::size_t> rows);

}  // namespace slipway::jobs
