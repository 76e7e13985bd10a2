#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/model_argument.h"
#include "cli/random_inputs.h"
#include "cli/tensor_files.h"

namespace slipway::cli {

namespace {

struct OutputDifference {
  std::string name;
  double max_absolute = 0;
  double max_relative = 0;  ///< |a-b| / max(1, |b|)
  bool same_shape = true;
};

Result<OutputDifference> Difference(const std::string& name, const TensorView& a,
                                    const TensorView& b) {
  OutputDifference difference{.name = name};
  difference.same_shape = a.shape == b.shape;
  if (!difference.same_shape || a.dtype == DType::kString) return difference;
  SLIPWAY_TRY(const std::vector<double> left, ToDoubles(a));
  SLIPWAY_TRY(const std::vector<double> right, ToDoubles(b));
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] == right[i] || (std::isnan(left[i]) && std::isnan(right[i]))) continue;
    const double error = std::abs(left[i] - right[i]);
    difference.max_absolute =
        std::isnan(error) ? INFINITY : std::max(difference.max_absolute, error);
    const double relative = error / std::max(1.0, std::abs(right[i]));
    difference.max_relative =
        std::isnan(relative) ? INFINITY : std::max(difference.max_relative, relative);
  }
  return difference;
}

std::vector<TensorView> Views(std::span<const TensorBuffer> buffers) {
  std::vector<TensorView> views;
  for (const TensorBuffer& buffer : buffers) views.push_back(buffer.view());
  return views;
}

/// Seconds of one run: the least of several, so that other load shows least.
Result<double> TimeOf(const engine::Executable& executable, std::span<const TensorView> inputs) {
  constexpr int kRuns = 10;
  double least = 1e300;
  for (int run = 0; run < kRuns; ++run) {
    const Stopwatch watch;
    SLIPWAY_RETURN_IF_ERROR(executable.RunAll(inputs).status());
    least = std::min(least, watch.Seconds());
  }
  return least;
}

Result<std::vector<TensorBuffer>> Inputs(const Arguments& arguments, const Signature& signature) {
  const std::vector<std::string> given = arguments.List("--input");
  if (!given.empty()) return ReadInputs(signature, given);
  SLIPWAY_TRY(const std::int64_t rows, arguments.Integer("--rows", 1, 65536));
  return RandomInputs(signature, rows, 1);
}

Status CheckSameInputs(const Signature& a, const Signature& b) {
  if (a.inputs.size() == b.inputs.size() && a.outputs.size() == b.outputs.size()) return {};
  return InvalidArgument(
      fmt::format("the models do not take and give the same tensors: {} inputs and {} outputs "
                  "against {} and {}",
                  a.inputs.size(), a.outputs.size(), b.inputs.size(), b.outputs.size()));
}

CommandResult RunCompare(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(const double tolerance, arguments.Number("--tolerance", 0, 1e300));
  SLIPWAY_TRY(const OpenedModel a, OpenModel(context, arguments.Text("A")));
  SLIPWAY_TRY(const OpenedModel b, OpenModel(context, arguments.Text("B")));
  SLIPWAY_TRY(const auto run_a, Compile(context, a));
  SLIPWAY_TRY(const auto run_b, Compile(context, b));
  SLIPWAY_RETURN_IF_ERROR(CheckSameInputs(run_a->signature(), run_b->signature()));
  SLIPWAY_TRY(const std::vector<TensorBuffer> inputs, Inputs(arguments, run_a->signature()));
  SLIPWAY_TRY(const std::vector<TensorBuffer> outputs_a, run_a->RunAll(Views(inputs)));
  SLIPWAY_TRY(const std::vector<TensorBuffer> outputs_b, run_b->RunAll(Views(inputs)));
  SLIPWAY_TRY(const double seconds_a, TimeOf(*run_a, Views(inputs)));
  SLIPWAY_TRY(const double seconds_b, TimeOf(*run_b, Views(inputs)));
  bool equal = true;
  OrderedJson json;
  json["a"] = {{"model", a.title}, {"seconds", seconds_a}};
  json["b"] = {{"model", b.title}, {"seconds", seconds_b}};
  json["outputs"] = OrderedJson::array();
  std::string text = fmt::format("{} against {}\n", a.title, b.title);
  for (std::size_t i = 0; i < outputs_a.size(); ++i) {
    SLIPWAY_TRY(
        const OutputDifference difference,
        Difference(run_a->signature().outputs[i].name, outputs_a[i].view(), outputs_b[i].view()));
    const bool within = difference.same_shape && difference.max_relative <= tolerance;
    equal = equal && within;
    json["outputs"].push_back({{"name", difference.name},
                               {"same_shape", difference.same_shape},
                               {"max_absolute", difference.max_absolute},
                               {"max_relative", difference.max_relative},
                               {"within", within}});
    text += difference.same_shape
                ? fmt::format("  {:<24} max difference {:.3g} absolute, {:.3g} relative: {}\n",
                              difference.name, difference.max_absolute, difference.max_relative,
                              within ? "equal" : "DIFFERENT")
                : fmt::format("  {:<24} shapes {} and {}: DIFFERENT\n", difference.name,
                              outputs_a[i].shape().ToString(), outputs_b[i].shape().ToString());
  }
  json["equal"] = equal;
  json["tolerance"] = tolerance;
  text += fmt::format("  one run                  {} against {} ({:.2f}x)\n",
                      HumanSeconds(seconds_a), HumanSeconds(seconds_b), seconds_a / seconds_b);
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("Comparison", json, text));
  return equal ? ExitCode::kSuccess : ExitCode::kCheckFailed;
}

}  // namespace

Command MakeCompareCommand() {
  return {.name = "compare",
          .group = "Model work",
          .summary = "run two models on the same inputs and compare outputs and speed",
          .description =
              "Exits with 6 when an output differs by more than the tolerance. Without -i the "
              "inputs are random, the same each time.",
          .positionals = {{.name = "A", .help = "a model file, or a model of the store"},
                          {.name = "B", .help = "the other one"}},
          .flags = {{.name = "--input",
                     .letter = 'i',
                     .value = "NAME=@FILE",
                     .help = "inputs, as for slipway run",
                     .repeatable = true,
                     .from_environment = false},
                    {.name = "--rows",
                     .value = "N",
                     .help = "rows of random input",
                     .default_value = "4"},
                    {.name = "--tolerance",
                     .value = "X",
                     .help = "largest |a-b| / max(1, |b|) that counts as equal",
                     .default_value = "1e-4"}},
          .examples = {"slipway compare model.keras model.onnx",
                       "slipway compare mnist:1 mnist:2 -i @digits.npz"},
          .run = RunCompare};
}

}  // namespace slipway::cli
