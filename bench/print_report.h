#pragma once

#include <fmt/format.h>

#include "cli/load_report.h"

/// The one line of JSON that the drivers of the benchmarks end with, as measure.py reads it.
inline void PrintReport(const slipway::cli::LoadReport& report) {
  fmt::print(
      "{{\"answers\":{},\"failures\":{},\"refusals\":{},\"seconds\":{:.6f},\"p50_us\":{:.1f},"
      "\"p99_us\":{:.1f}}}\n",
      report.answers, report.failures, report.refusals, report.seconds, report.Quantile(0.5) * 1e6,
      report.Quantile(0.99) * 1e6);
}
