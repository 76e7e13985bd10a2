#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "base/error_catalogue.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/member_scores.h"
#include "jobs/combination_fit.h"
#include "jobs/make_ensemble.h"

namespace slipway::cli {

namespace {

using jobs::CombinationKind;

struct EnsembleWork {
  std::vector<jobs::EnsembleMember> members;
  jobs::Combination combination;
  std::size_t fitting_steps = 0;
  std::size_t fitting_rows = 0;  ///< 0: nothing was fitted
  std::optional<EnsembleJudgement> judgement;
};

bool NeedsFit(CombinationKind kind) {
  return kind == CombinationKind::kWeighted || kind == CombinationKind::kStack;
}

struct SplitRows {
  std::vector<std::size_t> fitting;
  std::vector<std::size_t> held_out;
};

SplitRows Split(std::size_t rows) {
  SplitRows split;
  for (std::size_t row = 0; row < rows; ++row)
    (jobs::IsHeldOut(row) ? split.held_out : split.fitting).push_back(row);
  return split;
}

/// Fits what there is to fit on one part of the set, and judges on the other.
Status FitAndJudge(const jobs::MemberScores& scores, EnsembleWork& work) {
  const CombinationKind kind = work.combination.kind;
  if (!NeedsFit(kind)) {
    std::vector<std::size_t> all(scores.rows());
    std::iota(all.begin(), all.end(), std::size_t{0});
    work.judgement = JudgeEnsemble(scores, work.combination, all, BestMember(scores, all));
    return {};
  }
  const SplitRows rows = Split(scores.rows());
  if (rows.fitting.empty() || rows.held_out.empty()) {
    return InvalidArgument(
        fmt::format("{} rows are too few to fit on some and judge on others", scores.rows()));
  }
  jobs::CombinationFit fit = kind == CombinationKind::kWeighted
                                 ? jobs::FitWeights(scores, rows.fitting)
                                 : jobs::FitStack(scores, rows.fitting);
  work.combination = std::move(fit.combination);
  work.fitting_steps = fit.steps;
  work.fitting_rows = rows.fitting.size();
  work.judgement =
      JudgeEnsemble(scores, work.combination, rows.held_out, BestMember(scores, rows.fitting));
  return {};
}

std::string Percent(double value) { return fmt::format("{:.2f} %", value * 100); }

std::string DescribeWork(const EnsembleWork& work) {
  std::string text = fmt::format("combine   {}\n", jobs::NameOf(work.combination.kind));
  if (work.fitting_rows > 0) {
    std::vector<std::string> weights;
    for (std::size_t i = 0; i < work.members.size(); ++i)
      weights.push_back(
          fmt::format("{} {:.3f}", work.members[i].title(), work.combination.weights[i]));
    text += fmt::format("weights   {}  (fitted on {} rows, {} steps)\n", fmt::join(weights, ", "),
                        work.fitting_rows, work.fitting_steps);
  }
  if (!work.judgement) return text;
  const EnsembleJudgement& judgement = *work.judgement;
  std::vector<std::string> accuracies;
  for (std::size_t i = 0; i < work.members.size(); ++i)
    accuracies.push_back(
        fmt::format("{} {}", work.members[i].title(), Percent(judgement.members[i].value)));
  text += fmt::format("members   {}\n", fmt::join(accuracies, ", "));
  text += fmt::format("accuracy  {}  ({}{} rows)\n", Percent(judgement.ensemble.value),
                      work.fitting_rows > 0 ? "held out: " : "", judgement.rows);
  text += fmt::format("gain      {:+.2f} points over {}  (95 % interval {:+.2f} .. {:+.2f})\n",
                      judgement.gain.value * 100, work.members[judgement.best].title(),
                      judgement.gain.low * 100, judgement.gain.high * 100);
  return text;
}

OrderedJson WorkToJson(const EnsembleWork& work, const registry::ModelVersion& version) {
  OrderedJson json;
  json["model"] = version.model;
  json["version"] = version.version;
  json["combine"] = jobs::NameOf(work.combination.kind);
  json["members"] = OrderedJson::array();
  for (std::size_t i = 0; i < work.members.size(); ++i) {
    OrderedJson member = {{"model", work.members[i].title()}};
    if (work.fitting_rows > 0) member["weight"] = work.combination.weights[i];
    if (work.judgement) member["accuracy"] = work.judgement->members[i].value;
    json["members"].push_back(std::move(member));
  }
  if (work.fitting_rows > 0) json["rows_fitted"] = work.fitting_rows;
  if (!work.judgement) return json;
  const EnsembleJudgement& judgement = *work.judgement;
  json["rows_judged"] = judgement.rows;
  json["accuracy"] = judgement.ensemble.value;
  json["interval95"] = {judgement.ensemble.low, judgement.ensemble.high};
  json["gain"] = {{"over", work.members[judgement.best].title()},
                  {"value", judgement.gain.value},
                  {"interval95", {judgement.gain.low, judgement.gain.high}}};
  return json;
}

CommandResult RunEnsemble(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(const CombinationKind kind, jobs::CombinationNamed(arguments.Text("--combine")));
  SLIPWAY_TRY(const std::int64_t batch, arguments.Integer("--batch", 1, 65536));
  if (NeedsFit(kind) && !arguments.Given("--data")) {
    return InvalidArgument(fmt::format("--combine {} needs --data: a .npz with inputs and labels",
                                       jobs::NameOf(kind)))
        .With(errors::kUsage);
  }
  SLIPWAY_TRY(registry::Registry * registry, context.Registry());
  SLIPWAY_TRY(engine::Engine * engine, context.Engine());
  EnsembleWork work;
  SLIPWAY_TRY(work.members, jobs::OpenMembers(*registry, *engine, arguments.List("MODEL")));
  work.combination = {
      .kind = kind, .members = work.members.size(), .classes = work.members[0].classes()};
  if (arguments.Given("--data")) {
    SLIPWAY_TRY(const jobs::MemberScores scores,
                ScoreMembers(work.members, arguments.Text("--data"), batch, context));
    SLIPWAY_RETURN_IF_ERROR(FitAndJudge(scores, work));
  }
  SLIPWAY_TRY(const registry::ModelVersion version,
              jobs::PublishEnsemble(*registry, *engine, work.members, work.combination,
                                    arguments.Text("--name")));
  const std::string title = fmt::format("{}:{}", version.model, version.version);
  SLIPWAY_RETURN_IF_ERROR(
      context.PrintItem("Ensemble", WorkToJson(work, version),
                        fmt::format("{}published {}\n", DescribeWork(work), title), title));
  return ExitCode::kSuccess;
}

}  // namespace

Command MakeEnsembleCommand() {
  return {
      .name = "ensemble",
      .group = "Model work",
      .summary = "publish several classifiers of the store as one model",
      .description =
          "The members are versions of the store that take the same inputs and know the same "
          "classes; the ensemble keeps\nexactly these versions. How their probabilities become "
          "one row:\n"
          "  vote      the share of votes; the mean counts as one more, so that it decides ties\n"
          "  mean      the mean\n"
          "  weighted  the mean by weights that make the labels of --data most likely (EM)\n"
          "  stack     logistic regression on the logarithms, fitted on --data\n"
          "Scores that did not go through a softmax do so first. With --data accuracy and the gain "
          "over the best member\nare shown; where something is fitted, on the fifth of the rows "
          "that is kept out of it.",
      .positionals = {{.name = "MODEL",
                       .help = "models of the store: NAME, NAME:3, NAME:alias",
                       .least = 1,
                       .most = package::kMaxEnsembleSteps}},
      .flags = {{.name = "--combine",
                 .value = "HOW",
                 .help = "how the members become one",
                 .default_value = "mean",
                 .choices = {"vote", "mean", "weighted", "stack"},
                 .from_environment = false},
                {.name = "--data",
                 .value = "FILE.npz",
                 .help = "inputs and labels to fit and to judge on",
                 .from_environment = false},
                {.name = "--name",
                 .value = "NAME",
                 .help = "what the ensemble is called",
                 .default_value = "ensemble",
                 .from_environment = false},
                {.name = "--batch",
                 .value = "N",
                 .help = "rows of one run over --data",
                 .default_value = "64"}},
      .examples = {"slipway ensemble small large --combine vote",
                   "slipway ensemble a:1 a:2 b --combine weighted --data labelled.npz --name best"},
      .run = RunEnsemble};
}

}  // namespace slipway::cli
