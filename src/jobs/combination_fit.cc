#include "jobs/combination_fit.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace slipway::jobs {
namespace {

constexpr std::size_t kMostSteps = 500;
constexpr double kSmallestGain = 1e-9;  // of a step, relative

Combination Plain(CombinationKind kind, const MemberScores& scores) {
  return {.kind = kind,
          .members = scores.members,
          .classes = scores.classes,
          .weights = std::vector<double>(scores.members, 1.0 / static_cast<double>(scores.members)),
          .biases = std::vector<double>(kind == CombinationKind::kStack ? scores.classes : 0, 0.0)};
}

double LogOf(float probability) {
  return std::log(std::max<double>(probability, kLeastProbability));
}

/// The penalised negative log likelihood of a stack, and how it changes with each parameter: the
/// weights first, then the biases.
class StackLoss {
 public:
  StackLoss(const MemberScores& scores, std::span<const std::size_t> rows)
      : scores_(scores), rows_(rows) {
    logarithms_.reserve(rows.size() * scores.members * scores.classes);
    for (const std::size_t row : rows) {
      for (const float probability : scores.row(row))
        logarithms_.push_back(static_cast<float>(LogOf(probability)));
    }
  }

  double Of(const std::vector<double>& parameters, std::vector<double>& gradient) const {
    gradient.assign(parameters.size(), 0.0);
    double loss = Penalty(parameters, gradient);
    std::vector<double> chances(scores_.classes);
    for (std::size_t i = 0; i < rows_.size(); ++i) loss += AddRow(i, parameters, chances, gradient);
    return loss;
  }

 private:
  double Penalty(const std::vector<double>& parameters, std::vector<double>& gradient) const {
    double loss = 0;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const double plain = i < scores_.members ? 1.0 / static_cast<double>(scores_.members) : 0.0;
      const double away = parameters[i] - plain;
      loss += kPenalty / 2 * away * away;
      gradient[i] += kPenalty * away;
    }
    return loss;
  }

  double AddRow(std::size_t index, const std::vector<double>& parameters,
                std::vector<double>& chances, std::vector<double>& gradient) const {
    const std::size_t classes = scores_.classes;
    const float* logs = &logarithms_[index * scores_.members * classes];
    const std::uint32_t label = scores_.labels[rows_[index]];
    for (std::size_t c = 0; c < classes; ++c) {
      chances[c] = parameters[scores_.members + c];
      for (std::size_t m = 0; m < scores_.members; ++m)
        chances[c] += parameters[m] * logs[m * classes + c];
    }
    const double highest = *std::ranges::max_element(chances);
    double sum = 0;
    for (const double chance : chances) sum += std::exp(chance - highest);
    const double loss = highest + std::log(sum) - chances[label];
    for (std::size_t c = 0; c < classes; ++c) {
      const double error = std::exp(chances[c] - highest) / sum - (c == label ? 1.0 : 0.0);
      gradient[scores_.members + c] += error;
      for (std::size_t m = 0; m < scores_.members; ++m)
        gradient[m] += error * logs[m * classes + c];
    }
    return loss;
  }

  const MemberScores& scores_;
  std::span<const std::size_t> rows_;
  std::vector<float> logarithms_;  // [rows][members][classes]
};

std::vector<double> Moved(const std::vector<double>& from, const std::vector<double>& gradient,
                          double by) {
  std::vector<double> to = from;
  for (std::size_t i = 0; i < to.size(); ++i) to[i] -= by * gradient[i];
  return to;
}

double SquareOf(const std::vector<double>& gradient) {
  double sum = 0;
  for (const double value : gradient) sum += value * value;
  return sum;
}

}  // namespace

bool IsHeldOut(std::size_t row) {
  std::uint64_t hash = row + 0x9e3779b97f4a7c15U;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
  return (hash ^ (hash >> 31)) % 5 == 0;
}

CombinationFit FitWeights(const MemberScores& scores, std::span<const std::size_t> rows) {
  CombinationFit fit{.combination = Plain(CombinationKind::kWeighted, scores)};
  std::vector<double>& weights = fit.combination.weights;
  double best = -HUGE_VAL;
  for (; fit.steps < kMostSteps; ++fit.steps) {
    std::vector<double> shares(scores.members, 0.0);
    double likelihood = 0;
    for (const std::size_t row : rows) {
      std::vector<double> parts(scores.members);
      double whole = 0;
      for (std::size_t m = 0; m < scores.members; ++m) {
        const float said = scores.row(row)[m * scores.classes + scores.labels[row]];
        whole += parts[m] = weights[m] * std::max<double>(said, kLeastProbability);
      }
      for (std::size_t m = 0; m < scores.members; ++m) shares[m] += parts[m] / whole;
      likelihood += std::log(whole);
    }
    for (std::size_t m = 0; m < scores.members; ++m)
      weights[m] = shares[m] / static_cast<double>(rows.size());
    if (likelihood - best < kSmallestGain * std::abs(likelihood)) break;
    best = likelihood;
  }
  return fit;
}

CombinationFit FitStack(const MemberScores& scores, std::span<const std::size_t> rows) {
  CombinationFit fit{.combination = Plain(CombinationKind::kStack, scores)};
  const StackLoss loss(scores, rows);
  std::vector<double> parameters = fit.combination.weights;
  parameters.resize(scores.members + scores.classes);
  std::vector<double> gradient;
  double now = loss.Of(parameters, gradient);
  double by = 1.0 / static_cast<double>(rows.size());
  for (; fit.steps < kMostSteps; ++fit.steps) {
    const double slope = SquareOf(gradient);
    std::vector<double> next_gradient;
    std::vector<double> next = Moved(parameters, gradient, by);
    double then = loss.Of(next, next_gradient);
    while (then > now - by * slope / 2 && by * slope > kSmallestGain * now) {
      by /= 2;
      next = Moved(parameters, gradient, by);
      then = loss.Of(next, next_gradient);
    }
    if (now - then < kSmallestGain * now) break;
    parameters = std::move(next);
    gradient = std::move(next_gradient);
    now = then;
    by *= 1.5;
  }
  const auto biases = parameters.begin() + static_cast<std::ptrdiff_t>(scores.members);
  fit.combination.weights.assign(parameters.begin(), biases);
  fit.combination.biases.assign(biases, parameters.end());
  return fit;
}

}  // namespace slipway::jobs
