#include "monitor/peer_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "monitor/metrics_page.h"

namespace slipway::monitor {
namespace {

using testing::HasSubstr;
using testing::Not;

MetricsSnapshot Served() {
  const Distribution distribution{.upper_bounds = {0.001}, .counts = {1, 0}, .sum_seconds = 0.0005};
  return {.models = {{.name = "mnist",
                      .version = 3,
                      .state = "READY",
                      .load_seconds = 0.25,
                      .counts = ModelCounts{.succeeded = 1,
                                            .rejected = 2,
                                            .expired = 3,
                                            .cancelled = 4,
                                            .failed = 5,
                                            .rows = 6,
                                            .runs = 7,
                                            .waiting = 8,
                                            .request_us = 9,
                                            .queue_us = 10,
                                            .compute_input_us = 11,
                                            .compute_infer_us = 12,
                                            .compute_output_us = 13},
                      .request_seconds = distribution,
                      .queue_seconds = distribution,
                      .compute_seconds = distribution,
                      .cache = CacheSample{.hits = 14, .misses = 15}},
                     {.name = "loading", .version = 1, .state = "LOADING"}},
          .cache_bytes = 1};
}

TEST(PeerMetrics, AreThereWhenTheyAreAskedFor) {
  EXPECT_THAT(RenderMetrics(Served(), {}), Not(HasSubstr("nv_")));
  EXPECT_THAT(RenderMetrics(Served(), {}), Not(HasSubstr("tensorflow")));
  EXPECT_THAT(RenderMetrics(Served(), {}, {.triton = true}), HasSubstr("nv_inference_count"));
  EXPECT_THAT(RenderMetrics(Served(), {}, {.tfserving = true}),
              HasSubstr(":tensorflow:serving:request_count"));
}

TEST(PeerMetrics, TritonsCountInMicrosecondsAndByReason) {
  PrometheusText text;
  WriteTritonMetrics(Served(), text);
  const std::string page = std::move(text).Take();
  const std::string model = R"({model="mnist",version="3"} )";
  for (const std::string& line :
       {"nv_inference_request_success" + model + "1\n", "nv_inference_count" + model + "6\n",
        "nv_inference_exec_count" + model + "7\n",
        "nv_inference_pending_request_count" + model + "8\n",
        "nv_inference_request_duration_us" + model + "9\n",
        "nv_inference_queue_duration_us" + model + "10\n",
        "nv_inference_compute_input_duration_us" + model + "11\n",
        "nv_inference_compute_infer_duration_us" + model + "12\n",
        "nv_inference_compute_output_duration_us" + model + "13\n",
        std::string(R"(nv_inference_request_failure{model="mnist",reason="REJECTED",version="3"} 5)"
                    "\n"),
        std::string(R"(nv_inference_request_failure{model="mnist",reason="BACKEND",version="3"} 5)"
                    "\n"),
        "nv_model_load_duration_secs" + model + "0.25\n",
        "nv_cache_num_hits_per_model" + model + "14\n"})
    EXPECT_THAT(page, HasSubstr(line));
  EXPECT_THAT(page, Not(HasSubstr("loading")));
}

TEST(PeerMetrics, ServingsHistogramsAreInMicroseconds) {
  PrometheusText text;
  WriteServingMetrics(Served(), text);
  const std::string page = std::move(text).Take();
  EXPECT_THAT(page, HasSubstr(R"(:tensorflow:serving:request_latency_bucket{model_name="mnist",)"
                              R"(version="3",le="1000"} 1)"));
  EXPECT_THAT(page, HasSubstr(R"(:tensorflow:serving:request_latency_sum{model_name="mnist",)"
                              R"(version="3"} 500)"));
  EXPECT_THAT(page, HasSubstr(R"(:tensorflow:serving:request_count{model_name="mnist",)"
                              R"(version="3",status="UNAVAILABLE"} 2)"));
}

}  // namespace
}  // namespace slipway::monitor
