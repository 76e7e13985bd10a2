#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/ensemble_gain.h"
#include "cli/labelled_set.h"
#include "cli/load_report.h"
#include "cli/metrics.h"
#include "cli/model_argument.h"
#include "cli/remote_model.h"

namespace slipway::cli {

namespace {

/// Runs a batch and gives the output to judge: in this process, or over HTTP.
using RunBatch = std::function<Result<TensorBuffer>(std::span<const TensorView>)>;

struct Evaluation {
  std::string title;
  Metric metric;
  std::int64_t batch = 1;
  std::vector<float> latencies;  ///< seconds of every batch; sorted at the end
  double seconds = 0;
  std::optional<EnsembleGain> gain;  ///< of an ensemble
};

/// Runs the rows of `set` in batches and feeds the metric.
Status Evaluate(const LabelledSet& set, const RunBatch& run, const Context& context,
                Evaluation& evaluation) {
  const Stopwatch watch;
  Progress progress(context.style(), "evaluating");
  for (std::int64_t begin = 0; begin < set.rows; begin += evaluation.batch) {
    const std::int64_t end = std::min(set.rows, begin + evaluation.batch);
    progress.Fraction(static_cast<std::size_t>(begin), static_cast<std::size_t>(set.rows));
    const std::vector<TensorView> inputs = RowsOf(set.inputs, begin, end);
    const Stopwatch one;
    SLIPWAY_TRY(const TensorBuffer output, run(inputs));
    evaluation.latencies.push_back(static_cast<float>(one.Seconds()));
    SLIPWAY_RETURN_IF_ERROR(
        evaluation.metric.Add(output.view(), RowsOf({&set.labels, 1}, begin, end)[0]));
  }
  evaluation.seconds = watch.Seconds();
  std::ranges::sort(evaluation.latencies);
  return {};
}

Result<std::size_t> ChooseOutput(const Signature& signature, const std::string& name) {
  if (name.empty()) return std::size_t{0};
  const TensorSpec* spec = signature.FindOutput(name);
  if (spec == nullptr) {
    std::vector<std::string> names;
    for (const TensorSpec& output : signature.outputs) names.push_back(output.name);
    return InvalidArgument(fmt::format("the model has no output \"{}\"; it has: {}",
                                       Printable(name, 64), fmt::join(names, ", ")))
        .With(errors::kTensorNameUnknown);
  }
  return static_cast<std::size_t>(spec - signature.outputs.data());
}

/// Rows of one run: what was asked for, or the model's fixed first dimension.
std::int64_t BatchOf(const Signature& signature, std::int64_t asked) {
  if (signature.IsBatchable() || signature.inputs.empty()) return asked;
  const Shape& shape = signature.inputs[0].shape;
  return shape.rank() == 0 ? 1 : std::max<std::int64_t>(1, shape[0]);
}

Status EvaluateServed(const Arguments& arguments, const Context& context, Evaluation& evaluation) {
  SLIPWAY_TRY(RemoteModel model, RemoteModel::Open(evaluation.title, context));
  SLIPWAY_TRY(const LabelledSet set, ReadLabelledSet(model.signature(), arguments.Text("--data")));
  SLIPWAY_TRY(const std::size_t output,
              ChooseOutput(model.signature(), arguments.Text("--output-name")));
  evaluation.batch = BatchOf(model.signature(), evaluation.batch);
  return Evaluate(
      set, [&](std::span<const TensorView> inputs) { return model.Run(inputs, output); }, context,
      evaluation);
}

Status EvaluateHere(const Arguments& arguments, Context& context, Evaluation& evaluation) {
  SLIPWAY_TRY(const OpenedModel model, OpenModel(context, evaluation.title));
  std::shared_ptr<const engine::Executable> executable;
  std::shared_ptr<const jobs::EnsembleExecutable> ensemble;
  if (model.manifest.ensemble) {
    SLIPWAY_TRY(ensemble, CompileEnsemble(context, model));
    executable = ensemble;
  } else {
    SLIPWAY_TRY(executable, Compile(context, model));
  }
  SLIPWAY_TRY(const LabelledSet set,
              ReadLabelledSet(executable->signature(), arguments.Text("--data")));
  SLIPWAY_TRY(const std::size_t output,
              ChooseOutput(executable->signature(), arguments.Text("--output-name")));
  evaluation.title = model.title;
  evaluation.batch = BatchOf(executable->signature(), evaluation.batch);
  const auto run = [&](std::span<const TensorView> inputs) -> Result<TensorBuffer> {
    std::vector<TensorBuffer> outputs(1);
    SLIPWAY_RETURN_IF_ERROR(executable->Run(inputs, {&output, 1}, outputs));
    return std::move(outputs[0]);
  };
  SLIPWAY_RETURN_IF_ERROR(Evaluate(set, run, context, evaluation));
  if (ensemble == nullptr) return {};
  SLIPWAY_TRY(evaluation.gain,
              GainOverMembers(*ensemble, set, evaluation.metric, evaluation.batch));
  return {};
}

/// "gain +0.43 points over small:1", and every member.
std::string DescribeGain(const EnsembleGain& gain, const Metric& metric) {
  const auto signed_text = [&](double value) {
    return fmt::format("{}{}", value < 0 ? "-" : "+", metric.Text(std::abs(value)));
  };
  std::vector<std::string> members;
  for (const auto& [title, estimate] : gain.members)
    members.push_back(fmt::format("{} {}", title, metric.Text(estimate.value)));
  return fmt::format("members  {}\ngain     {} over {}  (95 % interval {} .. {}, paired by row)\n",
                     fmt::join(members, ", "), signed_text(gain.gain.value),
                     gain.members[gain.best].first, signed_text(gain.gain.low),
                     signed_text(gain.gain.high));
}

OrderedJson GainToJson(const EnsembleGain& gain) {
  OrderedJson json;
  json["over"] = gain.members[gain.best].first;
  json["value"] = gain.gain.value;
  json["interval95"] = {gain.gain.low, gain.gain.high};
  json["members"] = OrderedJson::array();
  for (const auto& [title, estimate] : gain.members)
    json["members"].push_back({{"model", title}, {"value", estimate.value}});
  return json;
}

Status PrintEvaluation(const Evaluation& evaluation, const Context& context) {
  const Metric& metric = evaluation.metric;
  const Estimate estimate = metric.Estimated();
  const double p50 = LoadReport::QuantileOf(evaluation.latencies, 0.5);
  const double p99 = LoadReport::QuantileOf(evaluation.latencies, 0.99);
  OrderedJson json;
  json["model"] = evaluation.title;
  json["metric"] = metric.name();
  json["value"] = estimate.value;
  json["interval95"] = {estimate.low, estimate.high};
  if (evaluation.gain) json["gain"] = GainToJson(*evaluation.gain);
  json["rows"] = metric.rows();
  json["seconds"] = evaluation.seconds;
  json["rows_per_request"] = evaluation.batch;
  json["p50_seconds"] = p50;
  json["p99_seconds"] = p99;
  std::string text = fmt::format("{} {}  (95 % interval {} .. {}, {} rows)\n", metric.name(),
                                 metric.Text(estimate.value), metric.Text(estimate.low),
                                 metric.Text(estimate.high), metric.rows());
  if (!metric.remark().empty()) text += fmt::format("  {}\n", metric.remark());
  if (evaluation.gain) text += DescribeGain(*evaluation.gain, metric);
  text += fmt::format("latency  p50 {}, p99 {}  ({} runs of {} {}, {} in all)\n", HumanSeconds(p50),
                      HumanSeconds(p99), evaluation.latencies.size(), evaluation.batch,
                      evaluation.batch == 1 ? "row" : "rows", HumanSeconds(evaluation.seconds));
  return context.PrintItem("Evaluation", json, text, metric.Text(estimate.value));
}

CommandResult RunEval(const Arguments& arguments, Context& context) {
  if (!arguments.Given("--data")) {
    return InvalidArgument("--data is missing: a .npz with inputs and labels")
        .With(errors::kUsage)
        .Hint("see: slipway eval --help");
  }
  SLIPWAY_TRY(Metric metric, Metric::Named(arguments.Text("--metric")));
  SLIPWAY_TRY(const std::int64_t batch, arguments.Integer("--batch", 1, 65536));
  double least = -std::numeric_limits<double>::infinity();
  if (arguments.Given("--at-least")) {
    SLIPWAY_TRY(least, arguments.Number("--at-least", -1e300, 1e300));
  }
  Evaluation evaluation{
      .title = arguments.Text("MODEL"), .metric = std::move(metric), .batch = batch, .gain = {}};
  SLIPWAY_RETURN_IF_ERROR(net::LooksLikeUrl(evaluation.title)
                              ? EvaluateServed(arguments, context, evaluation)
                              : EvaluateHere(arguments, context, evaluation));
  SLIPWAY_RETURN_IF_ERROR(PrintEvaluation(evaluation, context));
  const double value = evaluation.metric.Estimated().value;
  if (value >= least) return ExitCode::kSuccess;
  context.Say(fmt::format("{} {} is below --at-least {}", evaluation.metric.name(),
                          evaluation.metric.Text(value), evaluation.metric.Text(least)));
  return ExitCode::kCheckFailed;
}

}  // namespace

Command MakeEvalCommand() {
  return {
      .name = "eval",
      .group = "Model work",
      .summary = "measure a model on a labelled set, with a 95 % interval",
      .description =
          "The data file is a .npz with one array for each input (by name, or in_0, in_1, ...) and "
          "\"label\": class numbers,\n"
          "one-hot rows or target values. A URL of a served model is asked over HTTP, one request "
          "after another.\n"
          "Of an ensemble its members are measured as well, and what it gains over the best of "
          "them, row by row.",
      .positionals = {{.name = "MODEL",
                       .help = "a model file, a model of the store, or the URL of a served model"}},
      .flags = {{.name = "--data",
                 .value = "FILE.npz",
                 .help = "inputs and labels",
                 .from_environment = false},
                {.name = "--metric",
                 .value = "METRIC",
                 .help = "what to measure",
                 .default_value = "accuracy",
                 .choices = {"accuracy", "top5", "mae", "mse", "rmse"}},
                {.name = "--output-name",
                 .value = "NAME",
                 .help = "the output to judge (default: the first)",
                 .from_environment = false},
                {.name = "--batch", .value = "N", .help = "rows of one run", .default_value = "64"},
                {.name = "--at-least",
                 .value = "X",
                 .help = "exit with 6 when the metric is below",
                 .from_environment = false}},
      .examples = {"slipway eval mnist.keras --data test.npz",
                   "slipway eval mnist:2 --data test.npz --at-least 0.98 --format json",
                   "slipway eval http://127.0.0.1:8080/v2/models/mnist --data test.npz --batch 1"},
      .run = RunEval};
}

}  // namespace slipway::cli
