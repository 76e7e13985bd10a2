#include "jobs/combination.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/version.h"
#include "graph/build.h"

namespace slipway::jobs {
namespace {

using graph::ValueId;

struct Named {
  std::string_view name;
  CombinationKind kind;
};
constexpr std::array<Named, 4> kNames = {{{"vote", CombinationKind::kVote},
                                          {"mean", CombinationKind::kMean},
                                          {"weighted", CombinationKind::kWeighted},
                                          {"stack", CombinationKind::kStack}}};

void Softmax(std::vector<double>& scores) {
  const double highest = *std::ranges::max_element(scores);
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - highest);
  for (double& score : scores) score /= sum;
}

/// Adds nodes one after the other.
class Builder {
 public:
  Builder(const Combination& combination, graph::Graph& graph)
      : combination_(combination), graph_(graph) {}

  void AddInputs(const std::vector<bool>& needs_softmax) {
    for (std::size_t i = 0; i < combination_.members; ++i) {
      const ValueId input = graph_.AddValue(fmt::format("scores_{}", i), ScoresType());
      graph_.inputs.push_back(input);
      members_.push_back(needs_softmax[i] ? Add("Softmax", {input}, graph::IntAttribute("axis", 1))
                                          : input);
    }
  }

  ValueId AddCombination() {
    switch (combination_.kind) {
      case CombinationKind::kVote:
        return Vote();
      case CombinationKind::kMean:
        return Add("Mean", members_);
      case CombinationKind::kWeighted:
        return WeightedSum(members_);
      case CombinationKind::kStack:
        return Stack();
    }
    return members_[0];
  }

  void AddOutput(ValueId result) {
    const ValueId output = graph_.AddValue("scores", ScoresType());
    graph_.AddNode(graph::MakeNode("Identity", {result}, {output}));
    graph_.outputs.push_back(output);
  }

 private:
  graph::ValueType ScoresType() const {
    graph::ValueType type = graph::TensorType(
        DType::kF32,
        std::array<std::int64_t, 2>{-1, static_cast<std::int64_t>(combination_.classes)});
    type.shape->front().symbol = "batch";
    return type;
  }

  template <class... Attributes>
  ValueId Add(std::string op, std::vector<ValueId> inputs, Attributes... attributes) {
    const ValueId output = graph_.AddValue(fmt::format("{}_{}", op, graph_.nodes.size()));
    graph_.AddNode(
        graph::MakeNode(std::move(op), std::move(inputs), {output}, std::move(attributes)...));
    return output;
  }

  ValueId Floats(std::string name, std::vector<std::int64_t> dims,
                 const std::vector<double>& values) {
    const std::vector<float> floats(values.begin(), values.end());
    return graph_.AddInitializer(
        graph::Tensor::FromFloats(std::move(name), std::move(dims), floats));
  }

  ValueId Vote() {
    const auto classes = static_cast<std::int64_t>(combination_.classes);
    const ValueId depth = graph_.AddInitializer(
        graph::Tensor::FromInt64s("classes", {1}, std::array<std::int64_t, 1>{classes}));
    const ValueId off_on = Floats("no_and_yes", {2}, {0, 1});
    std::vector<ValueId> votes = {Add("Mean", members_)};
    for (const ValueId member : members_) {
      const ValueId choice = Add("ArgMax", {member}, graph::IntAttribute("axis", 1),
                                 graph::IntAttribute("keepdims", 0));
      votes.push_back(Add("OneHot", {choice, depth, off_on}, graph::IntAttribute("axis", -1)));
    }
    const ValueId voters = Floats("voters", {1}, {static_cast<double>(combination_.members) + 1});
    return Add("Div", {Add("Sum", votes), voters});
  }

  ValueId WeightedSum(const std::vector<ValueId>& terms) {
    std::vector<ValueId> weighted;
    for (std::size_t i = 0; i < terms.size(); ++i) {
      const ValueId weight = Floats(fmt::format("weight_{}", i), {1}, {combination_.weights[i]});
      weighted.push_back(Add("Mul", {terms[i], weight}));
    }
    return Add("Sum", weighted);
  }

  ValueId Stack() {
    const ValueId least = Floats("least", {}, {kLeastProbability});
    std::vector<ValueId> logarithms;
    for (const ValueId member : members_)
      logarithms.push_back(Add("Log", {Add("Max", {member, least})}));
    const auto classes = static_cast<std::int64_t>(combination_.classes);
    const ValueId biases = Floats("biases", {classes}, combination_.biases);
    const ValueId sum = Add("Add", {WeightedSum(logarithms), biases});
    return Add("Softmax", {sum}, graph::IntAttribute("axis", 1));
  }

  const Combination& combination_;
  graph::Graph& graph_;
  std::vector<ValueId> members_;  // their probabilities
};

}  // namespace

Result<CombinationKind> CombinationNamed(std::string_view name) {
  for (const Named& named : kNames) {
    if (named.name == name) return named.kind;
  }
  return InvalidArgument(fmt::format("no combination \"{}\": vote, mean, weighted or stack",
                                     Printable(name, 64)))
      .With(errors::kUsage);
}

std::string_view NameOf(CombinationKind kind) {
  return kNames[static_cast<std::size_t>(kind)].name;
}

std::vector<double> Combine(const Combination& combination, std::span<const float> probabilities) {
  const std::size_t classes = combination.classes;
  const auto members = static_cast<double>(combination.members);
  std::vector<double> scores(classes);
  for (std::size_t i = 0; i < combination.members; ++i) {
    const std::span<const float> row = probabilities.subspan(i * classes, classes);
    for (std::size_t c = 0; c < classes; ++c) {
      switch (combination.kind) {
        case CombinationKind::kVote:
          scores[c] += row[c] / members / (members + 1);
          break;
        case CombinationKind::kMean:
          scores[c] += row[c] / members;
          break;
        case CombinationKind::kWeighted:
          scores[c] += combination.weights[i] * row[c];
          break;
        case CombinationKind::kStack:
          scores[c] +=
              combination.weights[i] * std::log(std::max<double>(row[c], kLeastProbability));
          break;
      }
    }
    if (combination.kind == CombinationKind::kVote) {
      const auto choice = std::ranges::max_element(row) - row.begin();
      scores[static_cast<std::size_t>(choice)] += 1 / (members + 1);
    }
  }
  if (combination.kind != CombinationKind::kStack) return scores;
  for (std::size_t c = 0; c < classes; ++c) scores[c] += combination.biases[c];
  Softmax(scores);
  return scores;
}

graph::Model MakeCombiningGraph(const Combination& combination,
                                const std::vector<bool>& needs_softmax) {
  graph::Model model{.ir_version = 8, .opset_imports = {{"", 17}}};
  model.producer_name = "slipway";
  model.producer_version = std::string(kVersion);
  model.main.name = fmt::format("combine_{}", NameOf(combination.kind));
  Builder builder(combination, model.main);
  builder.AddInputs(needs_softmax);
  builder.AddOutput(builder.AddCombination());
  return model;
}

}  // namespace slipway::jobs
