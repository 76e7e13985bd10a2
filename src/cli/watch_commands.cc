// The verbs that look at a running server: status, top, logs.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/server_client.h"
#include "cli/server_figures.h"
#include "server/termination.h"

namespace slipway::cli {
namespace {

constexpr double kShortestInterval = 0.1;
constexpr double kLongestInterval = 3600;
constexpr std::chrono::seconds kPatience{5};  // nor does Ctrl-C wait longer for a server
constexpr std::int64_t kMostLooks = 1'000'000'000;
constexpr std::string_view kHomeAndClear = "\x1b[H\x1b[2J";

Result<std::chrono::milliseconds> Interval(const Arguments& arguments) {
  SLIPWAY_TRY(const double seconds,
              arguments.Number("--interval", kShortestInterval, kLongestInterval));
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

/// How often a verb looks, and where what it sees goes.
struct Looks {
  std::chrono::milliseconds interval{2000};
  std::int64_t count = 0;  ///< 0: until Ctrl-C
  bool redraws = false;    ///< a terminal's page, each in the place of the one before

  static Result<Looks> From(const Arguments& arguments, const Context& context) {
    SLIPWAY_TRY(const std::chrono::milliseconds interval, Interval(arguments));
    SLIPWAY_TRY(const std::int64_t count, arguments.Integer("--count", 0, kMostLooks));
    return Looks{.interval = interval,
                 .count = count,
                 .redraws = isatty(STDOUT_FILENO) == 1 && context.format() != Format::kJson};
  }
};

/// Calls `look(n)` for n from 0 until the count is reached or a signal comes, the first at once.
template <class Look>
Status Repeat(const Looks& looks, const Context& context, Look look) {
  context.interruption().Release();
  server::Termination::Block();
  for (std::int64_t n = 0; looks.count == 0 || n < looks.count; ++n) {
    if (looks.redraws) SLIPWAY_RETURN_IF_ERROR(Print(kHomeAndClear));
    SLIPWAY_RETURN_IF_ERROR(look(n));
    if (n + 1 == looks.count) break;
    if (server::Termination::WaitAtMost(looks.interval) == server::Termination::Request::kEnd)
      break;
  }
  return {};
}

// status

struct Standing {
  ServerFigures figures;
  bool is_ready = false;
  std::size_t ready_models = 0;
  double waiting = 0;
  double uptime_seconds = 0;
};

Result<Standing> LookAt(ServerClient& client) {
  Standing standing;
  SLIPWAY_TRY(standing.figures, client.Figures());
  SLIPWAY_TRY(standing.is_ready, client.IsReady());
  for (const ModelFigures& model : standing.figures.models) {
    standing.ready_models += model.state == "READY" ? 1 : 0;
    standing.waiting += model.waiting;
  }
  const double now =
      std::chrono::duration<double>(SystemClock().WallNow().time_since_epoch()).count();
  standing.uptime_seconds = std::max(now - standing.figures.start_unix_seconds, 0.0);
  return standing;
}

OrderedJson ToJson(const Standing& standing, const ServerClient& client) {
  const ServerFigures& figures = standing.figures;
  return {{"server", client.server().Origin()},
          {"ready", standing.is_ready},
          {"version", figures.version},
          {"engine", figures.engine},
          {"uptime_seconds", standing.uptime_seconds},
          {"models", figures.models.size()},
          {"models_ready", standing.ready_models},
          {"requests", figures.requests},
          {"server_errors", figures.server_errors},
          {"rejected", figures.rejected},
          {"in_flight", figures.in_flight},
          {"waiting", standing.waiting},
          {"connections", figures.connections},
          {"memory_bytes", figures.memory_bytes},
          {"cpu_seconds", figures.cpu_seconds},
          {"threads", figures.threads}};
}

std::string ToText(const Standing& standing, const ServerClient& client) {
  const ServerFigures& figures = standing.figures;
  return fmt::format(
      "server       {}, {}\n"
      "program      slipway {}, {}, up {}\n"
      "models       {} of {} ready\n"
      "requests     {:.0f}, {:.0f} ended with a server's error, {:.0f} were rejected\n"
      "now          {:.0f} in flight, {:.0f} waiting, {:.0f} connections\n"
      "uses         {}, {:.1f} s of processor time, {:.0f} threads\n",
      client.server().Origin(), standing.is_ready ? "ready" : "not ready", figures.version,
      figures.engine, HumanSeconds(standing.uptime_seconds), standing.ready_models,
      figures.models.size(), figures.requests, figures.server_errors, figures.rejected,
      figures.in_flight, standing.waiting, figures.connections,
      HumanBytes(static_cast<std::uint64_t>(std::max(figures.memory_bytes, 0.0))),
      figures.cpu_seconds, figures.threads);
}

CommandResult RunStatus(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(Looks looks, Looks::From(arguments, context));
  SLIPWAY_TRY(ServerClient client, ServerClient::Create(context, kPatience));
  bool was_ready = false;
  const auto look = [&](std::int64_t) -> Status {
    SLIPWAY_TRY(const Standing standing, LookAt(client));
    was_ready = standing.is_ready;
    return context.PrintItem("ServerStatus", ToJson(standing, client), ToText(standing, client),
                             standing.is_ready ? "ready" : "not ready");
  };
  if (arguments.Switch("--watch")) {
    SLIPWAY_RETURN_IF_ERROR(Repeat(looks, context, look));
    return ExitCode::kSuccess;
  }
  SLIPWAY_RETURN_IF_ERROR(look(0));
  return was_ready ? ExitCode::kSuccess : ExitCode::kServerUnavailable;
}

// top

const ModelFigures* Find(const ServerFigures& figures, const ModelFigures& wanted) {
  for (const ModelFigures& model : figures.models) {
    if (model.name == wanted.name && model.version == wanted.version) return &model;
  }
  return nullptr;
}

std::string Time(double seconds) { return seconds > 0 ? HumanSeconds(seconds) : "-"; }

OrderedJson ToJson(const ModelFigures& model, const ModelRates& rates) {
  return {{"model", model.name},
          {"version", model.version},
          {"state", model.state},
          {"per_second", rates.per_second},
          {"failed_per_second", rates.failed_per_second},
          {"p50_seconds", rates.median_seconds},
          {"p99_seconds", rates.p99_seconds},
          {"batch_rows", rates.batch_rows},
          {"waiting", model.waiting},
          {"memory_bytes", model.memory_bytes}};
}

Listing Compare(const ServerFigures& before, const ServerFigures& after, double seconds) {
  Listing listing{.kind = "ModelRateList",
                  .columns = {"NAME", "VERSION", "STATE", "PER SECOND", "FAILED", "P50", "P99",
                              "BATCH", "WAITING", "MEMORY"},
                  .rows = {},
                  .items = {},
                  .names = {}};
  for (const ModelFigures& model : after.models) {
    const ModelFigures* const old = Find(before, model);
    const ModelRates rates = RatesBetween(old == nullptr ? ModelFigures{} : *old, model, seconds);
    listing.rows.push_back(
        {model.name, model.version, model.state, fmt::format("{:.1f}", rates.per_second),
         fmt::format("{:.1f}", rates.failed_per_second), Time(rates.median_seconds),
         Time(rates.p99_seconds),
         rates.batch_rows > 0 ? fmt::format("{:.1f}", rates.batch_rows) : "-",
         fmt::format("{:.0f}", model.waiting),
         HumanBytes(static_cast<std::uint64_t>(std::max(model.memory_bytes, 0.0)))});
    listing.items.push_back(ToJson(model, rates));
    listing.names.push_back(fmt::format("{}:{}", model.name, model.version));
  }
  return listing;
}

/// The first page is of the time since the server began.
CommandResult RunTop(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(const Looks looks, Looks::From(arguments, context));
  SLIPWAY_TRY(ServerClient client, ServerClient::Create(context, kPatience));
  ServerFigures before;
  std::optional<Stopwatch> since;
  const auto look = [&](std::int64_t) -> Status {
    SLIPWAY_TRY(const Standing standing, LookAt(client));
    const double seconds = since ? since->Seconds() : standing.uptime_seconds;
    since.emplace();
    const Listing listing = Compare(before, standing.figures, std::max(seconds, 1e-3));
    before = standing.figures;
    return context.PrintListing(listing);
  };
  SLIPWAY_RETURN_IF_ERROR(Repeat(looks, context, look));
  return ExitCode::kSuccess;
}

// logs

constexpr std::int64_t kMostLines = 1000;  // that a server keeps

CommandResult RunLogs(const Arguments& arguments, Context& context) {
  SLIPWAY_TRY(const std::chrono::milliseconds interval, Interval(arguments));
  const Looks looks{.interval = interval, .count = arguments.Switch("--follow") ? 0 : 1};
  SLIPWAY_TRY(std::int64_t most, arguments.Integer("--lines", 0, kMostLines));
  SLIPWAY_TRY(ServerClient client, ServerClient::Create(context, kPatience));
  std::uint64_t last = 0;
  const auto look = [&](std::int64_t) -> Status {
    SLIPWAY_TRY(ServedLog log, client.Log(last, most));
    // A server that was started anew counts from 1 again.
    if (log.last < last) {
      SLIPWAY_TRY(log, client.Log(0, kMostLines));
    }
    std::string text;
    for (const ServedLine& line : log.lines)
      text += context.format() == Format::kJson ? ToJsonLine(line) : ToText(line);
    last = log.last;
    most = kMostLines;
    return Print(text);
  };
  SLIPWAY_RETURN_IF_ERROR(Repeat(looks, context, look));
  return ExitCode::kSuccess;
}

Flag IntervalFlag() {
  return {.name = "--interval",
          .value = "SECONDS",
          .help = "how often to look",
          .default_value = "2",
          .from_environment = false};
}

Flag CountFlag() {
  return {.name = "--count",
          .letter = 'n',
          .value = "N",
          .help = "how many times; 0: until Ctrl-C",
          .default_value = "0",
          .from_environment = false};
}

}  // namespace

Command MakeStatusCommand() {
  return {.name = "status",
          .group = "Server",
          .summary = "say how a running server is",
          .description =
              "Ends with 8 where the server cannot be reached or is not ready. The server is the "
              "one of --host.",
          .flags = {{.name = "--watch",
                     .help = "again and again, until Ctrl-C",
                     .from_environment = false},
                    IntervalFlag(),
                    CountFlag()},
          .examples = {"slipway status", "slipway status --watch --interval 5",
                       "slipway status --format json"},
          .run = RunStatus};
}

Command MakeTopCommand() {
  return {.name = "top",
          .group = "Server",
          .summary = "show what each model of a running server does",
          .description =
              "Answers a second, those that failed, the median and the 99th percentile of their "
              "times, rows in a run, and requests that wait: first since the server began, then "
              "of the time between two looks. Ctrl-C ends it.",
          .flags = {IntervalFlag(), CountFlag()},
          .examples = {"slipway top", "slipway top --count 1 --format json"},
          .run = RunTop};
}

Command MakeLogsCommand() {
  return {.name = "logs",
          .group = "Server",
          .summary = "show what a running server told of itself",
          .description =
              "The newest lines of its log of level info and above, which it keeps whatever goes "
              "to its standard error: what was loaded, what failed and why. Requests are in the "
              "access log (slipway serve --access-log).",
          .flags = {{.name = "--lines",
                     .letter = 'n',
                     .value = "N",
                     .help = "how many of them at first",
                     .default_value = "100",
                     .from_environment = false},
                    {.name = "--follow",
                     .letter = 'f',
                     .help = "and those that come, until Ctrl-C",
                     .from_environment = false},
                    IntervalFlag()},
          .examples = {"slipway logs", "slipway logs --follow", "slipway logs -n 10 --format json"},
          .run = RunLogs};
}

}  // namespace slipway::cli
