#include "cli/member_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "cli/labelled_set.h"

namespace slipway::cli {

namespace {

/// Class numbers out of numbers or one-hot rows.
Result<std::vector<std::uint32_t>> ReadLabels(const LabelledSet& set, std::size_t classes) {
  SLIPWAY_TRY(const std::vector<double> values, ToDoubles(set.labels.view()));
  const auto rows = static_cast<std::size_t>(set.rows);
  const bool is_one_hot = values.size() == rows * classes;
  if (!is_one_hot && values.size() != rows) {
    return InvalidArgument(
        fmt::format("labels of shape {} are neither class numbers nor rows of {}",
                    set.labels.shape().ToString(), classes));
  }
  std::vector<std::uint32_t> labels(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    if (is_one_hot) {
      const double* first = &values[row * classes];
      labels[row] = static_cast<std::uint32_t>(std::max_element(first, first + classes) - first);
      continue;
    }
    const double label = values[row];
    if (!(label >= 0 && label < static_cast<double>(classes)))
      return InvalidArgument(
          fmt::format("label {} of row {} is none of {} classes", label, row, classes));
    labels[row] = static_cast<std::uint32_t>(label);
  }
  return labels;
}

bool IsHit(std::span<const double> scores, std::uint32_t label) {
  return std::ranges::max_element(scores) - scores.begin() == label;
}

std::vector<double> RowOf(const jobs::MemberScores& scores, std::size_t row, std::size_t member) {
  const std::span<const float> values =
      scores.row(row).subspan(member * scores.classes, scores.classes);
  return {values.begin(), values.end()};
}

std::vector<double> HitsOf(const jobs::MemberScores& scores, std::span<const std::size_t> rows,
                           std::size_t member) {
  std::vector<double> hits;
  for (const std::size_t row : rows)
    hits.push_back(IsHit(RowOf(scores, row, member), scores.labels[row]) ? 1 : 0);
  return hits;
}

Estimate AccuracyOf(const std::vector<double>& hits) {
  return ProportionInterval(static_cast<std::uint64_t>(std::ranges::count(hits, 1.0)), hits.size());
}

}  // namespace

Result<jobs::MemberScores> ScoreMembers(std::span<const jobs::EnsembleMember> members,
                                        const std::string& data_path, std::int64_t batch,
                                        const Context& context) {
  SLIPWAY_TRY(const LabelledSet set, ReadLabelledSet(members[0].manifest.signature, data_path));
  jobs::MemberScores scores{.members = members.size(), .classes = members[0].classes()};
  const std::size_t width = scores.members * scores.classes;
  if (static_cast<std::size_t>(set.rows) > kMostScores / width) {
    return InvalidArgument(
        fmt::format("{} rows of {} scores are more than {} in all", set.rows, width, kMostScores));
  }
  SLIPWAY_TRY(scores.labels, ReadLabels(set, scores.classes));
  scores.probabilities.resize(scores.rows() * width);
  Progress progress(context.style(), "running the members");
  for (std::int64_t begin = 0; begin < set.rows; begin += batch) {
    progress.Fraction(static_cast<std::size_t>(begin), scores.rows());
    const std::vector<TensorView> inputs =
        RowsOf(set.inputs, begin, std::min(set.rows, begin + batch));
    for (std::size_t m = 0; m < members.size(); ++m) {
      Result<std::vector<float>> given = jobs::ProbabilitiesOf(members[m], members[0], inputs);
      if (!given.ok()) return std::move(given).status().At(members[m].title());
      for (std::size_t i = 0; i < given->size(); ++i) {
        const std::size_t row = static_cast<std::size_t>(begin) + i / scores.classes;
        scores.probabilities[row * width + m * scores.classes + i % scores.classes] = (*given)[i];
      }
    }
  }
  return scores;
}

std::size_t BestMember(const jobs::MemberScores& scores, std::span<const std::size_t> rows) {
  std::size_t best = 0;
  double most = -1;
  for (std::size_t m = 0; m < scores.members; ++m) {
    const double accuracy = AccuracyOf(HitsOf(scores, rows, m)).value;
    if (accuracy > most) best = m;
    most = std::max(most, accuracy);
  }
  return best;
}

EnsembleJudgement JudgeEnsemble(const jobs::MemberScores& scores,
                                const jobs::Combination& combination,
                                std::span<const std::size_t> rows, std::size_t best) {
  EnsembleJudgement judgement{.best = best, .rows = rows.size()};
  std::vector<double> hits;
  for (const std::size_t row : rows)
    hits.push_back(IsHit(jobs::Combine(combination, scores.row(row)), scores.labels[row]) ? 1 : 0);
  judgement.ensemble = AccuracyOf(hits);
  for (std::size_t m = 0; m < scores.members; ++m) {
    const std::vector<double> of_member = HitsOf(scores, rows, m);
    judgement.members.push_back(AccuracyOf(of_member));
    if (m == best) judgement.gain = PairedInterval(hits, of_member);
  }
  return judgement;
}

}  // namespace slipway::cli
