#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "monitor/dashboard.h"
#include "monitor/promql.h"

namespace slipway::monitor {
namespace {

constexpr int kColumns = 3;
constexpr int kWidth = 8;  // Grafana's grid has 24
constexpr int kHeight = 8;
constexpr std::string_view kWindow = "$__rate_interval";

struct Query {
  std::string expression;
  std::string legend;
};

struct Panel {
  std::string title;
  std::string unit;  ///< Grafana's: "reqps", "s", "bytes", "short", "percentunit"
  std::vector<Query> queries;
};

std::vector<Query> Percentiles(const MetricFamily& histogram) {
  std::vector<Query> queries;
  constexpr std::pair<std::string_view, std::string_view> kQuantiles[] = {
      {"0.5", "50"}, {"0.9", "90"}, {"0.99", "99"}};
  for (const auto& [quantile, name] : kQuantiles)
    queries.push_back({QuantileOf(histogram, quantile, "model", kWindow),
                       fmt::format("{{{{model}}}} p{}", name)});
  return queries;
}

Panel OfStage(std::string title, const MetricFamily& histogram) {
  return {std::move(title), "s", Percentiles(histogram)};
}

std::vector<Panel> RequestPanels() {
  constexpr const MetricFamily& kRequests = MetricNamed("slipway_requests_total");
  constexpr const MetricFamily& kSeconds = MetricNamed("slipway_request_seconds");
  return {
      {"Requests",
       "reqps",
       {{RateOf(kRequests, "protocol, method", kWindow), "{{protocol}} {{method}}"}}},
      {"Answers by code",
       "reqps",
       {{RateOf(kRequests, "protocol, code", kWindow), "{{protocol}} {{code}}"}}},
      {"Rejected",
       "reqps",
       {{RateOf(MetricNamed("slipway_rejected_total"), "reason", kWindow), "{{reason}}"}}},
      {"Request time",
       "s",
       {{QuantileOf(kSeconds, "0.5", "protocol", kWindow), "{{protocol}} p50"},
        {QuantileOf(kSeconds, "0.99", "protocol", kWindow), "{{protocol}} p99"}}},
      {"In flight", "short", {{SumOf(MetricNamed("slipway_inflight_requests"), ""), "requests"}}},
      {"Connections", "short", {{SumOf(MetricNamed("slipway_connections"), ""), "open"}}}};
}

std::vector<Panel> ModelPanels() {
  constexpr const MetricFamily& kRows = MetricNamed("slipway_model_rows_total");
  constexpr const MetricFamily& kRuns = MetricNamed("slipway_model_runs_total");
  constexpr std::string_view kOfModel = "model, version";
  constexpr std::string_view kTitle = "{{model}}:{{version}}";
  return {{"Inferences",
           "reqps",
           {{RateOf(MetricNamed("slipway_model_requests_total"), "model, outcome", kWindow),
             "{{model}} {{outcome}}"}}},
          OfStage("Model time", MetricNamed("slipway_model_request_seconds")),
          OfStage("Queue", MetricNamed("slipway_queue_seconds")),
          OfStage("Batch", MetricNamed("slipway_batch_seconds")),
          OfStage("Compute", MetricNamed("slipway_compute_seconds")),
          OfStage("Encode", MetricNamed("slipway_encode_seconds")),
          {"Rows in a run",
           "short",
           {{RateOf(kRows, kOfModel, kWindow) + " / " + RateOf(kRuns, kOfModel, kWindow),
             std::string(kTitle)}}},
          {"Why runs were not larger",
           "short",
           {{RateOf(MetricNamed("slipway_batches_closed_total"), "model, reason", kWindow),
             "{{model}} {{reason}}"}}},
          {"Waiting",
           "short",
           {{SumOf(MetricNamed("slipway_queue_requests"), kOfModel), std::string(kTitle)}}},
          {"Model memory",
           "bytes",
           {{SumOf(MetricNamed("slipway_model_memory_bytes"), kOfModel), std::string(kTitle)}}},
          {"Model states",
           "short",
           {{SumOf(MetricNamed("slipway_model_state"), "state"), "{{state}}"}}},
          {"Response cache",
           "reqps",
           {{RateOf(MetricNamed("slipway_cache_hits_total"), "model", kWindow), "{{model}} hits"},
            {RateOf(MetricNamed("slipway_cache_misses_total"), "model", kWindow),
             "{{model}} misses"}}}};
}

std::vector<Panel> ProcessPanels() {
  return {
      {"Processor",
       "short",
       {{RateOf(MetricNamed("process_cpu_seconds_total"), "instance", kWindow), "{{instance}}"}}},
      {"Memory",
       "bytes",
       {{SumOf(MetricNamed("process_resident_memory_bytes"), "instance"), "{{instance}}"}}},
      {"Descriptors",
       "short",
       {{SumOf(MetricNamed("process_open_fds"), "instance"), "{{instance}}"}}}};
}

std::vector<Panel> AllPanels() {
  std::vector<Panel> panels = RequestPanels();
  for (Panel& panel : ModelPanels()) panels.push_back(std::move(panel));
  for (Panel& panel : ProcessPanels()) panels.push_back(std::move(panel));
  return panels;
}

OrderedJson ToJson(const Panel& panel, int number) {
  const OrderedJson source = {{"type", "prometheus"}, {"uid", "${datasource}"}};
  OrderedJson targets = OrderedJson::array();
  for (std::size_t i = 0; i < panel.queries.size(); ++i)
    targets.push_back({{"refId", std::string(1, static_cast<char>('A' + i))},
                       {"datasource", source},
                       {"expr", panel.queries[i].expression},
                       {"legendFormat", panel.queries[i].legend}});
  return {{"id", number + 1},
          {"type", "timeseries"},
          {"title", panel.title},
          {"datasource", source},
          {"gridPos",
           {{"x", number % kColumns * kWidth},
            {"y", number / kColumns * kHeight},
            {"w", kWidth},
            {"h", kHeight}}},
          {"fieldConfig",
           {{"defaults", {{"unit", panel.unit}, {"min", 0}}}, {"overrides", OrderedJson::array()}}},
          {"targets", std::move(targets)}};
}

}  // namespace

std::string GrafanaDashboard() {
  OrderedJson panels = OrderedJson::array();
  for (const Panel& panel : AllPanels())
    panels.push_back(ToJson(panel, static_cast<int>(panels.size())));
  const OrderedJson choice = {{"name", "datasource"},
                              {"label", "Data source"},
                              {"type", "datasource"},
                              {"query", "prometheus"}};
  return DumpJson(OrderedJson{{"uid", "slipway"},
                              {"title", "Slipway"},
                              {"tags", OrderedJson::array({"slipway"})},
                              {"schemaVersion", 37},
                              {"editable", true},
                              {"refresh", "30s"},
                              {"time", {{"from", "now-1h"}, {"to", "now"}}},
                              {"templating", {{"list", OrderedJson::array({choice})}}},
                              {"panels", std::move(panels)}},
                  2) +
         "\n";
}

}  // namespace slipway::monitor
