#include "cli/watch_flags.h"

#include <cstdint>
#include <string>

namespace slipway::cli {
namespace {

constexpr std::int64_t kMaxLogBytes = std::int64_t{1} << 50;

}  // namespace

std::vector<Flag> WatchFlags() {
  return {{.name = "--audit-log",
           .value = "FILE",
           .help = "append every administrative act, and every refused try, to this file as a line "
                   "of JSON"},
          {.name = "--access-log",
           .value = "FILE",
           .help = "append a line of JSON for every request to this file; -: to standard output. "
                   "A file that is renamed is followed by a new one"},
          {.name = "--access-log-bytes",
           .value = "BYTES",
           .help = "rename that file to FILE.1 when it has so many; 0: never",
           .default_value = "1073741824"},
          {.name = "--metrics-names",
           .value = "SERVER",
           .help = "count in /metrics under this server's names too",
           .repeatable = true,
           .choices = {"triton", "tfserving"}},
          {.name = "--otlp-endpoint",
           .value = "URL",
           .help = "send traces to this OpenTelemetry collector (OTLP over HTTP, as JSON)"},
          {.name = "--trace-sample",
           .value = "SHARE",
           .help = "which share of the requests to trace whose caller does not say by its "
                   "traceparent: 0 to 1",
           .default_value = "0.01"}};
}

Status ReadWatchFlags(const Arguments& arguments, server::ServerOptions& options) {
  options.audit_log = arguments.Text("--audit-log");
  options.access_log.path = arguments.Text("--access-log");
  SLIPWAY_TRY(const std::int64_t bytes, arguments.Integer("--access-log-bytes", 0, kMaxLogBytes));
  options.access_log.max_bytes = static_cast<std::uint64_t>(bytes);
  for (const std::string& names : arguments.List("--metrics-names")) {
    options.metrics_names.triton = options.metrics_names.triton || names == "triton";
    options.metrics_names.tfserving = options.metrics_names.tfserving || names == "tfserving";
  }
  options.traces.endpoint = arguments.Text("--otlp-endpoint");
  SLIPWAY_TRY(options.traces.share, arguments.Number("--trace-sample", 0, 1));
  return {};
}

}  // namespace slipway::cli
