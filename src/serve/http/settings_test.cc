// Triton's log and trace settings over HTTP.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/log.h"
#include "serve/http/api_world.h"

namespace slipway::serve {
namespace {

const std::vector<net::Header> kKey = {{"Authorization", "Bearer " + std::string(ApiWorld::kKey)}};

class LogSettingsOverHttp : public testing::Test {
 protected:
  void SetUp() override { ConfigureLog(LogLevel::kWarning, LogFormat::kText); }
  void TearDown() override { SetUp(); }
  ApiWorld world;
};

TEST_F(LogSettingsOverHttp, AreShownAndChanged) {
  EXPECT_EQ(world.Ask("GET", "/v2/logging").Line(),
            R"(200 {"log_file":"","log_info":false,"log_warning":true,"log_error":true,)"
            R"("log_verbose_level":0,"log_format":"default"})");
  EXPECT_EQ(
      world.Ask("POST", "/v2/logging", R"({"log_info":true,"log_verbose_level":1})", kKey).Line(),
      R"(200 {"log_file":"","log_info":true,"log_warning":true,"log_error":true,)"
      R"("log_verbose_level":1,"log_format":"default"})");
  EXPECT_TRUE(LogEnabled(LogLevel::kDebug));
}

TEST_F(LogSettingsOverHttp, OnlyAnAdministratorChangesThem) {
  EXPECT_EQ(world.Ask("POST", "/v2/logging", R"({"log_info":true})").status, 401);
  EXPECT_FALSE(LogEnabled(LogLevel::kInfo));
}

// Bad input S14: settings that are none are refused, each with its reason
TEST_F(LogSettingsOverHttp, WhatIsWrongIsRefused) {
  for (const char* body : {"", "[]", "{", R"({"log_info":[true]})", R"({"log_verbose_level":-1})",
                           R"({"log_information":true})"})
    EXPECT_EQ(world.Ask("POST", "/v2/logging", body, kKey).status, 400) << body;
  EXPECT_EQ(world.Ask("POST", "/v2/logging", R"({"log_file":"/etc/passwd"})", kKey).status, 501);
}

TEST(TraceSettingsOverHttp, AreShownAndChanged) {
  ApiWorld world;
  EXPECT_EQ(world.Ask("GET", "/v2/trace/setting").Line(),
            R"(200 {"trace_file":"","trace_level":["TIMESTAMPS"],"trace_rate":"0",)"
            R"("trace_count":"-1","log_frequency":"0","trace_mode":"opentelemetry"})");
  EXPECT_EQ(world
                .Ask("POST", "/v2/models/row/trace/setting",
                     R"({"trace_level":["OFF"],"trace_rate":"7","trace_count":null})", kKey)
                .Line(),
            R"(200 {"trace_file":"","trace_level":["OFF"],"trace_rate":"7",)"
            R"("trace_count":"-1","log_frequency":"0","trace_mode":"opentelemetry"})");
  EXPECT_EQ(world.Ask("GET", "/v2/models/row/trace/setting").status, 200);
  EXPECT_EQ(world.Ask("GET", "/v2/models/nothing/trace/setting").status, 404);
}

// Bad input S14: settings that are none are refused, each with its reason
TEST(TraceSettingsOverHttp, WhatIsWrongIsRefused) {
  ApiWorld world;
  EXPECT_EQ(world.Ask("POST", "/v2/trace/setting", R"({"trace_rate":"1"})").status, 401);
  for (const char* body : {"", "7", R"({"trace_rate":7})", R"({"trace_level":[]})",
                           R"({"trace_level":[1]})", R"({"rate":"1"})"})
    EXPECT_EQ(world.Ask("POST", "/v2/trace/setting", body, kKey).status, 400) << body;
  EXPECT_EQ(world.Ask("POST", "/v2/trace/setting", R"({"trace_file":"/tmp/t"})", kKey).status, 501);
}

}  // namespace
}  // namespace slipway::serve
