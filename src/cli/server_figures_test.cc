#include "cli/server_figures.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace slipway::cli {
namespace {

const std::string kPage = R"(# HELP slipway_build_info x
slipway_build_info{version="1.2.3",engine="onnxruntime 1.31"} 1
slipway_requests_total{protocol="v2",method="infer",code="200"} 7
slipway_requests_total{protocol="v2",method="infer",code="503"} 2
slipway_rejected_total{reason="queue_full"} 3
slipway_inflight_requests 4
process_resident_memory_bytes 1048576
slipway_model_state{model="a\"b",version="3",state="READY"} 1
slipway_model_requests_total{model="a\"b",version="3",outcome="ok"} 5
slipway_model_requests_total{model="a\"b",version="3",outcome="failed"} 1
slipway_model_requests_total{model="a\"b",version="3",outcome="rejected"} 2
slipway_model_request_seconds_bucket{model="a\"b",version="3",le="0.001"} 4
slipway_model_request_seconds_bucket{model="a\"b",version="3",le="+Inf"} 5
slipway_queue_requests{model="a\"b",version="3"} 6
)";

TEST(ServerFigures, AreReadOffThePage) {
  const ServerFigures figures = ParseServerFigures(kPage).value();
  EXPECT_EQ(figures.version, "1.2.3");
  EXPECT_EQ(figures.requests, 9);
  EXPECT_EQ(figures.server_errors, 2);
  EXPECT_EQ(figures.rejected, 3);
  EXPECT_EQ(figures.in_flight, 4);
  ASSERT_EQ(figures.models.size(), 1U);
  const ModelFigures& model = figures.models[0];
  EXPECT_EQ(model.state, "READY");
  EXPECT_EQ(model.succeeded, 5);
  EXPECT_EQ(model.failed, 3);
  EXPECT_EQ(model.waiting, 6);
  EXPECT_EQ(model.answered, (std::vector<double>{4, 5}));
}

TEST(ServerFigures, WhatIsNoPageOfOursIsRefused) {
  for (const char* const text : {"", "<html>", "up 1\n", "slipway_build_info{version=\"1\n",
                                 "slipway_build_info{version=\"1\"} x\n"})
    EXPECT_EQ(ParseServerFigures(text).status().code(), Code::kDataLoss) << text;
}

TEST(ServerFigures, ALineThatIsNotUnderstoodIsPassedOver) {
  EXPECT_TRUE(ParseServerFigures("x{a=\"\\\nx{,} 1\nx NaN\nx\n" + kPage).ok());
}

TEST(ModelRates, AreThoseOfTheTimeBetween) {
  const double infinity = std::numeric_limits<double>::infinity();
  const ModelFigures before{.succeeded = 100,
                            .failed = 1,
                            .rows = 100,
                            .runs = 100,
                            .upper_bounds = {0.1, 0.2, infinity},
                            .answered = {100, 100, 100}};
  const ModelFigures after{.succeeded = 300,
                           .failed = 5,
                           .rows = 500,
                           .runs = 200,
                           .upper_bounds = {0.1, 0.2, infinity},
                           .answered = {200, 300, 300}};
  const ModelRates rates = RatesBetween(before, after, 2);
  EXPECT_EQ(rates.per_second, 100);
  EXPECT_EQ(rates.failed_per_second, 2);
  EXPECT_EQ(rates.batch_rows, 4);
  EXPECT_DOUBLE_EQ(rates.median_seconds, 0.1);
  EXPECT_DOUBLE_EQ(rates.p99_seconds, 0.198);
}

TEST(ModelRates, AVersionThatBeganAnewCountsFromNothing) {
  const ModelFigures before{.succeeded = 100, .rows = 100, .runs = 100};
  const ModelFigures after{.succeeded = 10, .rows = 20, .runs = 10};
  const ModelRates rates = RatesBetween(before, after, 1);
  EXPECT_EQ(rates.per_second, 10);
  EXPECT_EQ(rates.batch_rows, 2);
  EXPECT_EQ(rates.median_seconds, 0);
}

}  // namespace
}  // namespace slipway::cli
