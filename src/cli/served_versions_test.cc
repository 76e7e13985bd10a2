#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/server_client.h"

namespace slipway::cli {
namespace {

constexpr std::string_view kIndex =
    R"([{"name":"mnist","version":"2","state":"READY","reason":""},
        {"name":"mnist","version":"1","state":"UNAVAILABLE","reason":"unloaded"}])";

TEST(ServedVersions, JoinsTheIndexWithWhatWasCounted) {
  const auto versions =
      ParseServedVersions(kIndex, R"({"model_stats":[{"name":"mnist","version":"2",
      "inference_stats":{"success":{"count":4,"ns":8000000},"fail":{"count":1,"ns":5}},
      "memory_usage":[{"type":"CPU","id":0,"byte_size":1024}]}]})");
  ASSERT_TRUE(versions.ok()) << versions.status().ToString();
  ASSERT_EQ(versions->size(), 2U);
  const ServedVersion& second = versions->at(0);
  EXPECT_EQ(second.state, "READY");
  EXPECT_EQ(second.requests, 4U);
  EXPECT_EQ(second.failures, 1U);
  EXPECT_DOUBLE_EQ(second.mean_seconds, 0.002);
  EXPECT_EQ(second.memory_bytes, 1024U);
  EXPECT_EQ(versions->at(1).requests, 0U);
  EXPECT_EQ(versions->at(1).reason, "unloaded");
}

TEST(ServedVersions, StatisticsMayBeAbsentOrOdd) {
  EXPECT_TRUE(ParseServedVersions(kIndex, "").ok());
  EXPECT_TRUE(ParseServedVersions(kIndex, R"({"model_stats":[1,{"name":7}]})").ok());
  EXPECT_TRUE(ParseServedVersions(kIndex, R"({"model_stats":{"a":{}}})").ok());
  EXPECT_TRUE(ParseServedVersions("[]", "").ok());
}

TEST(ServedVersions, RefusesWhatIsNoIndex) {
  for (const char* body : {"", "{}", "[1]", "<html>", R"([{"name":""}])"}) {
    const Status status = ParseServedVersions(body, "").status();
    EXPECT_EQ(status.code(), Code::kDataLoss) << body;
    EXPECT_THAT(status.hint(), testing::HasSubstr("--host"));
  }
}

TEST(ServedVersions, TextOfTheServerCannotDriveTheTerminal) {
  const auto versions =
      ParseServedVersions(R"([{"name":"a\u001b[2J","version":"1","state":"READY"}])", "");
  ASSERT_TRUE(versions.ok());
  EXPECT_EQ(versions->at(0).name, "a\\x1b[2J");
}

}  // namespace
}  // namespace slipway::cli
