#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/metrics.h"
#include "cli/model_argument.h"
#include "cli/tensor_files.h"

namespace slipway::cli {

namespace {

/// Runs the rows of `set` in batches and feeds the metric with output `output`.
Status Evaluate(const engine::Executable& executable, const LabelledSet& set, std::int64_t batch,
                std::size_t output, Metric& metric, Progress& progress) {
  std::vector<TensorBuffer> labels;
  labels.push_back(TensorBuffer());
  SLIPWAY_TRY(labels[0], TensorBuffer::CopyOf(set.labels.view()));
  for (std::int64_t begin = 0; begin < set.rows; begin += batch) {
    const std::int64_t end = std::min(set.rows, begin + batch);
    progress.Fraction(static_cast<std::size_t>(begin), static_cast<std::size_t>(set.rows));
    std::vector<TensorBuffer> outputs(1);
    const std::size_t wanted[] = {output};
    SLIPWAY_RETURN_IF_ERROR(executable.Run(RowsOf(set.inputs, begin, end), wanted, outputs));
    SLIPWAY_RETURN_IF_ERROR(metric.Add(outputs[0].view(), RowsOf(labels, begin, end)[0]));
  }
  return {};
}

Result<std::size_t> ChooseOutput(const Signature& signature, const std::string& name) {
  if (name.empty()) return std::size_t{0};
  const TensorSpec* spec = signature.FindOutput(name);
  if (spec == nullptr)
    return InvalidArgument(fmt::format("the model has no output \"{}\"", name))
        .With(errors::kTensorNameUnknown);
  return static_cast<std::size_t>(spec - signature.outputs.data());
}

CommandResult RunEval(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(Metric metric, Metric::Named(arguments.Text("--metric")));
  SLIPWAY_TRY(const std::int64_t batch_asked, arguments.Integer("--batch", 1, 65536));
  SLIPWAY_TRY(const OpenedModel model, OpenModel(context, arguments.Text("MODEL")));
  SLIPWAY_TRY(const auto executable, Compile(context, model));
  const Signature& signature = executable->signature();
  SLIPWAY_TRY(const LabelledSet set, ReadLabelledSet(signature, arguments.Text("--data")));
  SLIPWAY_TRY(const std::size_t output, ChooseOutput(signature, arguments.Text("--output-name")));
  const std::int64_t batch = signature.IsBatchable()
                                 ? batch_asked
                                 : std::max<std::int64_t>(1, signature.inputs[0].shape[0]);
  const Stopwatch watch;
  {
    Progress progress(context.style(), "evaluating");
    SLIPWAY_RETURN_IF_ERROR(Evaluate(*executable, set, batch, output, metric, progress));
  }
  const double seconds = watch.Seconds();
  const Estimate estimate = metric.Estimated();
  OrderedJson json;
  json["model"] = model.title;
  json["metric"] = metric.name();
  json["value"] = estimate.value;
  json["interval95"] = {estimate.low, estimate.high};
  json["rows"] = metric.rows();
  json["seconds"] = seconds;
  std::string text = fmt::format("{} {:.4f}  (95 % interval {:.4f} .. {:.4f}, {} rows, {})\n",
                                 metric.name(), estimate.value, estimate.low, estimate.high,
                                 metric.rows(), HumanSeconds(seconds));
  if (!metric.remark().empty()) text += fmt::format("  {}\n", metric.remark());
  SLIPWAY_RETURN_IF_ERROR(Print(RenderItem("Evaluation", json, text, context.format())));
  if (arguments.Given("--at-least")) {
    SLIPWAY_TRY(const double least, arguments.Number("--at-least", -1e300, 1e300));
    if (estimate.value < least) {
      context.Say(
          fmt::format("{} {:.4f} is below --at-least {}", metric.name(), estimate.value, least));
      return ExitCode::kCheckFailed;
    }
  }
  return ExitCode::kSuccess;
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
          "one-hot rows or target values.",
      .positionals = {{.name = "MODEL", .help = "a model file, or a model of the store"}},
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
                   "slipway eval mnist:2 --data test.npz --at-least 0.98 --format json"},
      .run = RunEval};
}

}  // namespace slipway::cli
