// The load of the request benchmarks: a closed loop of one request over several connections. It
// never sleeps, so that a server slower than it is not charged for waking it at every answer, while
// the bare echo, which is quicker than it, wakes it at none.
//
//   bench_load PORT CONNECTIONS MILLISECONDS REQUEST_FILE [RATE]    prints one line of JSON
//
// With a rate, of requests a second, it is an open loop.

#include <fmt/format.h>

#include <cstdio>

#include "base/file.h"
#include "base/text.h"
#include "cli/http_load.h"
#include "print_report.h"

namespace {

using slipway::ParseUint64;

slipway::Result<slipway::cli::HttpLoadOptions> ReadOptions(char** arguments) {
  const auto port = ParseUint64(arguments[0]);
  const auto connections = ParseUint64(arguments[1]);
  const auto milliseconds = ParseUint64(arguments[2]);
  if (!port || !connections || !milliseconds) return slipway::InvalidArgument("not a number");
  slipway::cli::HttpLoadOptions options;
  options.server = {.host = "127.0.0.1", .port = static_cast<std::uint16_t>(*port), .path = ""};
  options.connections = static_cast<unsigned>(*connections);
  options.warm_up = std::chrono::milliseconds(0);
  options.is_always_awake = true;
  options.duration = std::chrono::milliseconds(*milliseconds);
  if (arguments[4] != nullptr) {
    const auto rate = ParseUint64(arguments[4]);
    if (!rate) return slipway::InvalidArgument("the rate is not a number");
    options.rate = static_cast<double>(*rate);
  }
  options.waits_for_the_last = options.rate == 0;
  SLIPWAY_TRY(options.request, slipway::ReadFile(arguments[3]));
  return options;
}

slipway::Status Run(char** arguments) {
  SLIPWAY_TRY(const auto options, ReadOptions(arguments));
  SLIPWAY_TRY(const auto report, slipway::cli::RunHttpLoad(options));
  PrintReport(report);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 6) {
    fmt::print(stderr, "usage: {} PORT CONNECTIONS MILLISECONDS REQUEST_FILE [RATE]\n", argv[0]);
    return 2;
  }
  const slipway::Status status = Run(argv + 1);
  if (status.ok()) return 0;
  fmt::print(stderr, "error: {}\n", status.ToString());
  return 1;
}
