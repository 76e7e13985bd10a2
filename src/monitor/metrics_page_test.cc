#include "monitor/metrics_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/text.h"

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
          .models = {{"mnist",
                      3,
                      "READY",
                      0.25,
                      4096,
                      distribution,
                      distribution,
                      {{"best_size", 4}},
                      CacheSample{.hits = 5, .misses = 6}}},
          .remotes = {{.server = "far", .circuit = 1, .requests = {{"ok", 8}}, .retries = 3}},
          .in_flight = 1,
          .cache_bytes = 77};
}

TEST(RenderMetrics, NamesWhatWasCounted) {
  const std::string text =
      RenderMetrics(OneModelServed(), {.resident_bytes = 1024, .open_descriptors = 9});
  for (const char* line :
       {"slipway_build_info{version=\"1.2.3\"} 1\n",
        "slipway_requests_total{protocol=\"v2\",method=\"infer\",code=\"200\"} 7\n",
        "slipway_request_seconds_count{protocol=\"v2\",method=\"infer\"} 1\n",
        "slipway_rejected_total{reason=\"queue_full\"} 2\n", "slipway_inflight_requests 1\n",
        "slipway_model_state{model=\"mnist\",version=\"3\",state=\"READY\"} 1\n",
        "slipway_model_load_seconds{model=\"mnist\",version=\"3\"} 0.25\n",
        "slipway_model_memory_bytes{model=\"mnist\",version=\"3\"} 4096\n",
        "slipway_queue_seconds_sum{model=\"mnist\",version=\"3\"} 0.05\n",
        "slipway_compute_seconds_bucket{model=\"mnist\",version=\"3\",le=\"+Inf\"} 1\n",
        "slipway_batches_closed_total{model=\"mnist\",version=\"3\",reason=\"best_size\"} 4\n",
        "slipway_cache_hits_total{model=\"mnist\",version=\"3\"} 5\n",
        "slipway_cache_misses_total{model=\"mnist\",version=\"3\"} 6\n", "slipway_cache_bytes 77\n",
        "slipway_remote_requests_total{server=\"far\",outcome=\"ok\"} 8\n",
        "slipway_remote_retries_total{server=\"far\"} 3\n",
        "slipway_remote_circuit{server=\"far\"} 1\n", "process_resident_memory_bytes 1024\n",
        "process_open_fds 9\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(RenderMetrics, DeclaresEveryFamilyOnce) {
  const std::string text = RenderMetrics(OneModelServed(), {});
  std::set<std::string_view> families;
  for (const std::string_view line : Split(text, '\n')) {
    if (!line.starts_with("# TYPE ")) continue;
    EXPECT_TRUE(families.insert(line).second) << line;
  }
  EXPECT_GT(families.size(), 15u);
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
