#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/context.h"
#include "monitor/dashboard.h"

namespace slipway::cli {
namespace {

struct Export {
  std::string_view name;
  std::string (*text)();
};
constexpr std::array kExports = {Export{"grafana", monitor::GrafanaDashboard},
                                 Export{"prometheus", monitor::PrometheusRules}};

CommandResult RunDashboards(const Arguments& arguments, Context& context) {
  const std::string name = arguments.Text("FOR");
  const auto found = std::ranges::find(kExports, name, &Export::name);
  if (found == kExports.end()) {
    return InvalidArgument(
               fmt::format("nothing for \"{}\": grafana or prometheus", Printable(name, 64)))
        .With(errors::kUsage);
  }
  const std::string text = found->text();
  SLIPWAY_RETURN_IF_ERROR(context.PrintItem("Dashboard", {{"for", name}, {"text", text}}, text));
  return ExitCode::kSuccess;
}

}  // namespace

Command MakeDashboardsCommand() {
  return {.name = "dashboards",
          .group = "Server",
          .summary = "print a Grafana dashboard, or alert rules for Prometheus",
          .description =
              "Made for the metrics of this version. `grafana` prints a dashboard to import, "
              "`prometheus` a file for rule_files.",
          .positionals = {{.name = "FOR", .help = "grafana or prometheus"}},
          .examples = {"slipway dashboards grafana", "slipway dashboards prometheus"},
          .run = RunDashboards};
}

}  // namespace slipway::cli
