#pragma once

#include <string>

namespace slipway::monitor {

/// A dashboard for Grafana 9 and later, as JSON, to be imported: requests, latencies by stage,
/// batches, models, the process. It asks for the data source. Made from the metric catalogue: a
/// panel names a row of it, or does not compile.
std::string GrafanaDashboard();

/// Alert rules for Prometheus, as YAML: a file for its rule_files. Made from the same catalogue.
std::string PrometheusRules();

}  // namespace slipway::monitor
