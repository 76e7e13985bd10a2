#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace slipway::jobs {

/// How the scores of several classifiers become those of one. All forms take probabilities, one
/// row of `classes` from each member, and give probabilities.
enum class CombinationKind : std::uint8_t {
  kVote,      ///< the share of votes; the mean counts as one vote more, so that it decides ties
  kMean,      ///< the arithmetic mean
  kWeighted,  ///< the mean by weights that are not negative and add up to 1
  kStack,  ///< softmax(sum of weight * log probability + bias): logistic regression on logarithms
};

/// "vote", "mean", "weighted", "stack". InvalidArgument (kUsage).
Result<CombinationKind> CombinationNamed(std::string_view name);
std::string_view NameOf(CombinationKind kind);

struct Combination {
  CombinationKind kind = CombinationKind::kMean;
  std::size_t members = 0;
  std::size_t classes = 0;
  std::vector<double> weights;  ///< one a member; kWeighted and kStack
  std::vector<double> biases;   ///< one a class; kStack
};

/// Smaller probabilities count as this where a logarithm is taken.
inline constexpr double kLeastProbability = 1e-7;

/// One row: `probabilities` has `classes` of each member, one after the other. The twin of the
/// graph below.
std::vector<double> Combine(const Combination& combination, std::span<const float> probabilities);

/// The combination as a model for the engine: inputs "scores_0", "scores_1", ...
/// f32[batch,classes], output "scores" of that shape. `needs_softmax`: by member, its scores are no
/// probabilities yet.
graph::Model MakeCombiningGraph(const Combination& combination,
                                const std::vector<bool>& needs_softmax);

}  // namespace slipway::jobs
