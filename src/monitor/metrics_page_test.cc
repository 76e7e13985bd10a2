#include "monitor/metrics_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/text.h"
#include "monitor/metric_catalogue.h"

namespace slipway::monitor {
namespace {

using testing::HasSubstr;

TEST(PrometheusText, WritesCumulativeBuckets) {
  PrometheusText text;
  text.Family("wait_seconds", PrometheusText::Type::kHistogram, "Waiting.");
  const std::vector<double> bounds = {0.001, 0.5};
  const std::vector<std::uint64_t> counts = {3, 2, 1};
  text.Histogram({{"model", "m"}}, {bounds, counts, 1.25});
  EXPECT_EQ(std::move(text).Take(),
            "# HELP wait_seconds Waiting.\n"
            "# TYPE wait_seconds histogram\n"
            "wait_seconds_bucket{model=\"m\",le=\"0.001\"} 3\n"
            "wait_seconds_bucket{model=\"m\",le=\"0.5\"} 5\n"
            "wait_seconds_bucket{model=\"m\",le=\"+Inf\"} 6\n"
            "wait_seconds_sum{model=\"m\"} 1.25\n"
            "wait_seconds_count{model=\"m\"} 6\n");
}

TEST(PrometheusText, EscapesLabelValues) {
  PrometheusText text;
  text.Family("x", PrometheusText::Type::kGauge, "X.");
  text.Sample({{"name", "a\"b\\c\nd"}}, 1);
  EXPECT_THAT(std::move(text).Take(), HasSubstr("x{name=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

MetricsSnapshot OneModelServed() {
  const Distribution distribution{.upper_bounds = {0.1}, .counts = {1, 0}, .sum_seconds = 0.05};
  return {.build = {{"version", "1.2.3"}},
          .requests = {{"v2", "infer", 200, 7}},
          .durations = {{"v2", "infer", distribution}},
          .rejected = {{"queue_full", 2}},
          .models = {{.name = "mnist",
                      .version = 3,
                      .state = "READY",
                      .load_seconds = 0.25,
                      .memory_bytes = 4096,
                      .counts = ModelCounts{.succeeded = 13, .failed = 14, .rows = 15, .runs = 16},
                      .request_seconds = distribution,
                      .queue_seconds = distribution,
                      .batch_seconds = distribution,
                      .compute_seconds = distribution,
                      .encode_seconds = distribution,
                      .batches_closed = {{"best_size", 4}},
                      .cache = CacheSample{.hits = 5, .misses = 6}}},
          .remotes = {{.server = "far", .circuit = 1, .requests = {{"ok", 8}}, .retries = 3}},
          .loading = {.memory_budget = 9000,
                      .memory_held = 4500,
                      .paged_out = 2,
                      .paged_in = 1,
                      .compile_cache = {{"found", 3}, {"built", 1}}},
          .workers = WorkersSample{.running = 4,
                                   .ended = {{"crash", 5}},
                                   .restarts = 6,
                                   .quarantined = 1,
                                   .woken = 2,
                                   .refused = 3},
          .in_flight = 1,
          .requests_not_recorded = 8,
          .access_log = RecordSample{.written = 9, .not_written = 10},
          .traces = RecordSample{.written = 11, .not_written = 12},
          .cache_bytes = 77};
}

TEST(RenderMetrics, NamesWhatWasCounted) {
  const std::string text =
      RenderMetrics(OneModelServed(), {.resident_bytes = 1024, .open_descriptors = 9});
  for (const char* line :
       {"slipway_memory_budget_bytes 9000\n",
        "slipway_models_paged_total{direction=\"in\"} 1\n",
        "slipway_memory_held_bytes 4500\n",
        "slipway_compile_cache_total{outcome=\"found\"} 3\n",
        "slipway_worker_processes 4\n",
        "slipway_worker_processes_ended_total{reason=\"crash\"} 5\n",
        "slipway_worker_restarts_total 6\n",
        "slipway_models_quarantined_total 1\n",
        "slipway_inputs_refused_total 3\n",
        "slipway_worker_wakeups_total 2\n",
        "slipway_model_mapped_bytes{model=\"mnist\",version=\"3\"} 0\n",
        "slipway_build_info{version=\"1.2.3\"} 1\n",
        "slipway_requests_total{protocol=\"v2\",method=\"infer\",code=\"200\"} 7\n",
        "slipway_request_seconds_count{protocol=\"v2\",method=\"infer\"} 1\n",
        "slipway_rejected_total{reason=\"queue_full\"} 2\n",
        "slipway_inflight_requests 1\n",
        "slipway_model_state{model=\"mnist\",version=\"3\",state=\"READY\"} 1\n",
        "slipway_model_load_seconds{model=\"mnist\",version=\"3\"} 0.25\n",
        "slipway_model_memory_bytes{model=\"mnist\",version=\"3\"} 4096\n",
        "slipway_queue_seconds_sum{model=\"mnist\",version=\"3\"} 0.05\n",
        "slipway_compute_seconds_bucket{model=\"mnist\",version=\"3\",le=\"+Inf\"} 1\n",
        "slipway_batches_closed_total{model=\"mnist\",version=\"3\",reason=\"best_size\"} 4\n",
        "slipway_cache_hits_total{model=\"mnist\",version=\"3\"} 5\n",
        "slipway_cache_misses_total{model=\"mnist\",version=\"3\"} 6\n",
        "slipway_cache_bytes 77\n",
        "slipway_model_requests_total{model=\"mnist\",version=\"3\",outcome=\"ok\"} 13\n",
        "slipway_model_requests_total{model=\"mnist\",version=\"3\",outcome=\"failed\"} 14\n",
        "slipway_model_rows_total{model=\"mnist\",version=\"3\"} 15\n",
        "slipway_model_runs_total{model=\"mnist\",version=\"3\"} 16\n",
        "slipway_encode_seconds_count{model=\"mnist\",version=\"3\"} 1\n",
        "slipway_batch_seconds_count{model=\"mnist\",version=\"3\"} 1\n",
        "slipway_requests_not_recorded_total 8\n",
        "slipway_access_log_lines_total 9\n",
        "slipway_access_log_lost_total 10\n",
        "slipway_traces_exported_total 11\n",
        "slipway_traces_lost_total 12\n",
        "slipway_remote_requests_total{server=\"far\",outcome=\"ok\"} 8\n",
        "slipway_remote_retries_total{server=\"far\"} 3\n",
        "slipway_remote_circuit{server=\"far\"} 1\n",
        "process_resident_memory_bytes 1024\n",
        "process_open_fds 9\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(RenderMetrics, DeclaresEveryFamilyOfTheCatalogueOnceAndInItsOrder) {
  MetricsSnapshot all = OneModelServed();
  all.audit_lost = 1;
  all.certificate_expiry = 1;
  const std::string text = RenderMetrics(all, {});
  std::vector<std::string> families;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.starts_with("# TYPE ")) families.emplace_back(Split(line, ' ')[2]);
  }
  std::vector<std::string> catalogue;
  for (const MetricFamily& family : kMetricCatalogue) catalogue.emplace_back(family.name);
  EXPECT_EQ(families, catalogue);
  EXPECT_EQ(std::set(families.begin(), families.end()).size(), families.size());
}

TEST(RenderMetrics, SamplesHaveTheLabelsOfTheCatalogue) {
  MetricsSnapshot all = OneModelServed();
  all.build.emplace_back("engine", "fake");
  std::map<std::string, std::string> labels;
  for (const MetricFamily& family : kMetricCatalogue)
    labels.emplace(family.name, std::string(family.labels));
  const std::string text = RenderMetrics(all, {});
  std::string family;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.starts_with("# TYPE ")) family = Split(line, ' ')[2];
    if (line.empty() || line.starts_with('#')) continue;
    std::string names;
    for (const std::string_view label : Split(line.substr(0, line.find('}')), ',')) {
      const std::string_view from = label.substr(label.find('{') + 1);
      const std::string_view name = from.substr(0, from.find('='));
      if (from.find('=') == std::string_view::npos || name == "le") continue;
      names += (names.empty() ? "" : ", ") + std::string(name);
    }
    EXPECT_EQ(names, labels.at(family)) << line;
  }
}

TEST(ProcessUsage, IsThatOfThisProcess) {
  const ProcessUsage usage = ReadProcessUsage();
  EXPECT_GT(usage.resident_bytes, 1u << 20);
  EXPECT_LT(usage.resident_bytes, usage.virtual_bytes);
  EXPECT_GE(usage.open_descriptors, 3u);
  EXPECT_GE(usage.threads, 1u);
  EXPECT_GT(usage.start_unix_seconds, 1.6e9);
}

}  // namespace
}  // namespace slipway::monitor
