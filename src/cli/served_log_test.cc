#include "cli/served_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::cli {
namespace {

TEST(ServedLog, ReadsWhatTheServerSays) {
  const Result<ServedLog> log = ParseServedLog(
      R"({"lines":[{"number":7,"ts":"2026-01-31T09:30:00.250Z","level":"info","msg":"mnist:3 is ready"}],"last":9})");
  ASSERT_TRUE(log.ok()) << log.status().ToString();
  EXPECT_EQ(log->last, 9U);
  ASSERT_EQ(log->lines.size(), 1U);
  EXPECT_EQ(ToText(log->lines[0]), "2026-01-31T09:30:00.250Z info    mnist:3 is ready\n");
  EXPECT_EQ(
      ToJsonLine(log->lines[0]),
      R"({"number":7,"ts":"2026-01-31T09:30:00.250Z","level":"info","msg":"mnist:3 is ready"})"
      "\n");
}

TEST(ServedLog, AServersEscapesStayOutOfTheTerminal) {
  const Result<ServedLog> log =
      ParseServedLog("{\"lines\":[{\"number\":1,\"msg\":\"\\u001b[31mred\"}],\"last\":1}");
  ASSERT_TRUE(log.ok());
  EXPECT_THAT(ToText(log->lines[0]), testing::HasSubstr(R"(\x1b[31mred)"));
}

TEST(ServedLog, RefusesOtherAnswers) {
  for (const char* answer :
       {"", "[]", "{}", R"({"lines":[]})", R"({"lines":{},"last":1})", R"({"lines":[1],"last":1})",
        R"({"lines":[{"ts":"x"}],"last":1})", R"({"lines":[],"last":-1})"})
    EXPECT_EQ(ParseServedLog(answer).status().code(), Code::kDataLoss) << answer;
}

}  // namespace
}  // namespace slipway::cli
