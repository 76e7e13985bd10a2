#include "serve/predict/request_metrics.h"

#include <gtest/gtest.h>

namespace slipway::serve {
namespace {

using std::chrono::milliseconds;

constexpr std::array<RequestMetrics::RouteName, 3> kRoutes = {
    {{"v2", "infer"}, {"v2", "infer"}, {"v2", "metadata"}}};

TEST(RequestMetrics, CountsByRouteAndStatus) {
  RequestMetrics metrics(kRoutes);
  metrics.Record(0, 200, milliseconds(1));
  metrics.Record(0, 404, milliseconds(1));
  metrics.Record(2, 200, milliseconds(1));
  const auto snapshots = metrics.Snapshots();
  ASSERT_EQ(snapshots.size(), 2u);
  ASSERT_EQ(snapshots[0].codes.size(), 2u);
  EXPECT_EQ(snapshots[0].codes[1].code, 404);
  EXPECT_EQ(snapshots[1].name.method, "metadata");
}

TEST(RequestMetrics, RoutesOfOneNameShareASeries) {
  RequestMetrics metrics(kRoutes);
  metrics.Record(0, 200, milliseconds(1));
  metrics.Record(1, 200, milliseconds(1));
  ASSERT_EQ(metrics.Snapshots().size(), 1u);
  EXPECT_EQ(metrics.Snapshots()[0].codes[0].count, 2u);
}

TEST(RequestMetrics, CountsDurationsWhateverTheStatus) {
  RequestMetrics metrics(kRoutes);
  metrics.Record(0, 200, milliseconds(1));
  metrics.Record(0, 404, milliseconds(2));
  const auto durations = metrics.Snapshots()[0].durations;
  EXPECT_EQ(durations.Count(), 2u);
  EXPECT_EQ(durations.total, milliseconds(3));
}

TEST(RequestMetrics, CountsTheCodesOfGrpcToo) {
  RequestMetrics metrics(kRoutes);
  metrics.Record(0, 0, milliseconds(1));
  EXPECT_EQ(metrics.Snapshots()[0].codes[0].code, 0);
}

TEST(RequestMetrics, AnImpossibleStatusIsOurs) {
  RequestMetrics metrics(kRoutes);
  metrics.Record(0, -1, milliseconds(1));
  EXPECT_EQ(metrics.Snapshots()[0].codes[0].code, 500);
}

}  // namespace
}  // namespace slipway::serve
