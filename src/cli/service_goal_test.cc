#include "cli/service_goal.h"

#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace slipway::cli {
namespace {

TEST(ServiceGoal, ReadsAShareAndADuration) {
  const Result<ServiceGoal> goal = ParseServiceGoal("p99=20ms");
  ASSERT_TRUE(goal.ok());
  EXPECT_DOUBLE_EQ(goal->share, 0.99);
  EXPECT_DOUBLE_EQ(goal->seconds, 0.02);
  EXPECT_DOUBLE_EQ(ParseServiceGoal("max=1.5s")->seconds, 1.5);
  EXPECT_DOUBLE_EQ(ParseServiceGoal("p50=800us")->seconds, 0.0008);
}

TEST(ServiceGoal, RefusesEverythingElse) {
  for (const char* text : {"", "p99", "p99=", "p98=1ms", "p99=1", "p99=1m", "p99=-1ms", "p99=ms",
                           "=1ms", "p99=nans", "p99=infs"}) {
    EXPECT_EQ(ParseServiceGoal(text).status().number(), errors::kUsage) << text;
  }
}

TEST(ServiceGoal, IsMetWhenThatShareIsFastEnough) {
  const LoadReport report{.answers = 4, .seconds = 1, .latencies = {0.01F, 0.02F, 0.03F, 0.5F}};
  EXPECT_TRUE(ParseServiceGoal("p50=20ms")->IsMet(report));
  EXPECT_FALSE(ParseServiceGoal("max=100ms")->IsMet(report));
  EXPECT_EQ(ParseServiceGoal("max=100ms")->Describe(8, report),
            "max=100ms is missed with 8 at a time: 500 ms");
}

TEST(LoadReport, AQuantileIsAMeasuredValue) {
  LoadReport report;
  EXPECT_EQ(report.Quantile(0.5), 0);
  report.latencies = {1, 2, 3, 4, 5};
  EXPECT_EQ(report.Quantile(0), 1);
  EXPECT_EQ(report.Quantile(0.5), 3);
  EXPECT_EQ(report.Quantile(1), 5);
}

}  // namespace
}  // namespace slipway::cli
