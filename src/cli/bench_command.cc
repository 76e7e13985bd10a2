#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/engine_load.h"
#include "cli/http_load.h"
#include "cli/model_argument.h"
#include "cli/random_inputs.h"
#include "cli/remote_model.h"
#include "cli/service_goal.h"
#include "cli/tensor_files.h"

namespace slipway::cli {

namespace {

struct BenchPlan {
  std::string title;
  std::vector<unsigned> concurrency;
  std::chrono::milliseconds duration{};
  std::int64_t rows = 1;
  double rate = 0;  ///< requests a second; 0: a closed loop
  std::optional<ServiceGoal> goal;
};

/// Measures one number of callers or connections.
using Measure = std::function<Result<LoadReport>(unsigned concurrency)>;

constexpr std::chrono::milliseconds kWarmUp{300};

Result<std::vector<unsigned>> ReadConcurrency(const std::string& text) {
  constexpr std::uint64_t kMost = 4096;
  std::vector<unsigned> counts;
  for (const std::string_view word : Split(text, ',')) {
    const auto count = ParseUint64(word);
    if (!count || *count < 1 || *count > kMost) {
      return InvalidArgument(fmt::format("--concurrency takes numbers from 1 to {} and commas, "
                                         "not \"{}\"",
                                         kMost, Printable(text, 64)))
          .With(errors::kUsage)
          .Hint("for example: --concurrency 1,2,4,8");
    }
    counts.push_back(static_cast<unsigned>(*count));
  }
  return counts;
}

Result<BenchPlan> ReadPlan(const Arguments& arguments) {
  BenchPlan plan{.title = arguments.Text("MODEL")};
  SLIPWAY_TRY(plan.concurrency, ReadConcurrency(arguments.Text("--concurrency")));
  SLIPWAY_TRY(const double seconds, arguments.Number("--duration", 0.01, 86400));
  plan.duration = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1e3));
  SLIPWAY_TRY(plan.rows, arguments.Integer("--batch", 1, 65536));
  SLIPWAY_TRY(plan.rate, arguments.Number("--rate", 0, 1e6));
  if (plan.rate > 0 && !net::LooksLikeUrl(plan.title)) {
    return InvalidArgument("--rate is for a served model: in this process nobody can be late")
        .With(errors::kUsage)
        .Hint("give the model's URL");
  }
  if (const std::string goal = arguments.Text("--slo"); !goal.empty()) {
    SLIPWAY_TRY(plan.goal, ParseServiceGoal(goal));
  }
  return plan;
}

/// The -i inputs, else random ones; `rows` becomes what they really have.
Result<std::vector<TensorBuffer>> Inputs(const Arguments& arguments, const Signature& signature,
                                         std::int64_t& rows) {
  const std::vector<std::string> given = arguments.List("--input");
  if (!given.empty()) {
    SLIPWAY_TRY(std::vector<TensorBuffer> inputs, ReadInputs(signature, given));
    if (!inputs.empty() && inputs[0].shape().rank() > 0) rows = inputs[0].shape()[0];
    return inputs;
  }
  if (!signature.IsBatchable()) rows = 1;
  return RandomInputs(signature, rows, 1);
}

std::vector<TensorView> Views(std::span<const TensorBuffer> buffers) {
  std::vector<TensorView> views;
  for (const TensorBuffer& buffer : buffers) views.push_back(buffer.view());
  return views;
}

void AddRow(const BenchPlan& plan, unsigned concurrency, const LoadReport& report,
            Listing& listing) {
  const double rate = static_cast<double>(report.answers) / report.seconds;
  const double slowest = report.latencies.empty() ? 0 : report.latencies.back();
  listing.rows.push_back({std::to_string(concurrency), std::to_string(report.answers),
                          fmt::format("{:.1f}/s", rate),
                          fmt::format("{:.1f}/s", rate * static_cast<double>(plan.rows)),
                          HumanSeconds(report.Quantile(0.5)), HumanSeconds(report.Quantile(0.9)),
                          HumanSeconds(report.Quantile(0.99)), HumanSeconds(slowest),
                          std::to_string(report.failures)});
  OrderedJson json;
  json["model"] = plan.title;
  json["concurrency"] = concurrency;
  json["rows_per_request"] = plan.rows;
  json["seconds"] = report.seconds;
  json["answers"] = report.answers;
  json["failures"] = report.failures;
  json["refusals"] = report.refusals;
  json["answers_per_second"] = rate;
  json["rows_per_second"] = rate * static_cast<double>(plan.rows);
  json["p50_seconds"] = report.Quantile(0.5);
  json["p90_seconds"] = report.Quantile(0.9);
  json["p99_seconds"] = report.Quantile(0.99);
  json["max_seconds"] = slowest;
  listing.items.push_back(std::move(json));
  listing.names.push_back(std::to_string(concurrency));
}

CommandResult MeasureAll(const BenchPlan& plan, const Measure& measure, Context& context) {
  Listing listing{
      .kind = "BenchmarkList",
      .columns = {"CONCURRENCY", "ANSWERS", "RATE", "ROWS", "P50", "P90", "P99", "MAX", "FAILED"}};
  std::uint64_t failures = 0;
  std::vector<std::string> misses;
  for (const unsigned concurrency : plan.concurrency) {
    Progress progress(context.style(), fmt::format("measuring {} at a time", concurrency));
    SLIPWAY_TRY(const LoadReport report, measure(concurrency));
    AddRow(plan, concurrency, report, listing);
    failures += report.failures;
    if (plan.goal && !plan.goal->IsMet(report))
      misses.push_back(plan.goal->Describe(concurrency, report));
  }
  SLIPWAY_RETURN_IF_ERROR(context.PrintListing(listing));
  for (const std::string& miss : misses) context.Say(miss);
  if (failures > 0) {
    context.Warn(fmt::format("{} answers were errors; they are not in the times", failures));
    return ExitCode::kFailure;
  }
  return misses.empty() ? ExitCode::kSuccess : ExitCode::kThresholdFailed;
}

CommandResult BenchServer(const Arguments& arguments, Context& context, BenchPlan plan) {
  SLIPWAY_TRY(RemoteModel model, RemoteModel::Open(plan.title, context));
  SLIPWAY_TRY(const std::vector<TensorBuffer> inputs,
              Inputs(arguments, model.signature(), plan.rows));
  // One request by itself first: if the server refuses it, its reason is the answer.
  SLIPWAY_RETURN_IF_ERROR(model.Run(Views(inputs), 0).status());
  HttpLoadOptions options{.server = model.server(),
                          .tls = context.tls(),
                          .request = model.EncodeRequest(Views(inputs)),
                          .rate = plan.rate,
                          .warm_up = kWarmUp,
                          .duration = plan.duration};
  const auto measure = [&](unsigned concurrency) {
    options.connections = concurrency;
    return RunHttpLoad(options);
  };
  return MeasureAll(plan, measure, context);
}

CommandResult BenchEngine(const Arguments& arguments, Context& context, BenchPlan plan) {
  SLIPWAY_TRY(const std::int64_t threads, arguments.Integer("--threads", 1, 1024));
  SLIPWAY_TRY(const OpenedModel model, OpenModel(context, plan.title));
  SLIPWAY_TRY(const auto executable,
              Compile(context, model, {.intra_op_threads = static_cast<unsigned>(threads)}));
  SLIPWAY_TRY(const std::vector<TensorBuffer> inputs,
              Inputs(arguments, executable->signature(), plan.rows));
  const std::vector<TensorView> views = Views(inputs);
  const auto measure = [&](unsigned concurrency) {
    return RunEngineLoad(*executable, views,
                         {.callers = concurrency, .warm_up = kWarmUp, .duration = plan.duration});
  };
  return MeasureAll(plan, measure, context);
}

CommandResult RunBench(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(BenchPlan plan, ReadPlan(arguments));
  return net::LooksLikeUrl(plan.title) ? BenchServer(arguments, context, std::move(plan))
                                       : BenchEngine(arguments, context, std::move(plan));
}

}  // namespace

Command MakeBenchCommand() {
  return {
      .name = "bench",
      .group = "Model work",
      .summary = "measure latency and throughput, in this process or over HTTP",
      .description =
          "A closed loop: each caller or connection starts again when it has its answer; with "
          "--rate an open one.\nA file or a model of the store runs in this process; a URL is "
          "measured over HTTP, with binary tensors.\nWithout -i the input is random, the same each "
          "time.",
      .positionals = {{.name = "MODEL",
                       .help = "a model file, a model of the store, or the URL of a served model"}},
      .flags =
          {{.name = "--concurrency",
            .letter = 'c',
            .value = "LIST",
            .help = "callers or connections, measured one after another",
            .default_value = "1"},
           {.name = "--duration",
            .value = "SECONDS",
            .help = "how long each is measured",
            .default_value = "3"},
           {.name = "--batch", .value = "N", .help = "rows of one request", .default_value = "1"},
           {.name = "--rate",
            .value = "N",
            .help =
                "send so many requests a second, however late the answers are; what waits for a "
                "free connection is late too; 0: as many as are answered",
            .default_value = "0"},
           {.name = "--threads",
            .value = "N",
            .help = "threads of one run, in this process",
            .default_value = "1"},
           {.name = "--slo",
            .value = "GOAL",
            .help = "exit with 12 when it is missed: p99=20ms, p50=800us",
            .from_environment = false},
           {.name = "--input",
            .letter = 'i',
            .value = "NAME=@FILE",
            .help = "inputs, as for slipway run",
            .repeatable = true,
            .from_environment = false}},
      .examples = {"slipway bench mnist.keras --concurrency 1,2",
                   "slipway bench http://127.0.0.1:8080/v2/models/mnist -c 1,4,16 --slo p99=20ms",
                   "slipway bench mnist:2 --batch 32 --threads 2 --format json"},
      .run = RunBench};
}

}  // namespace slipway::cli
