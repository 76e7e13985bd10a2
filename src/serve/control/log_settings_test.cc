#include "serve/control/log_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/shown_levels.h"

namespace slipway::serve {
namespace {

using testing::Contains;
using testing::HasSubstr;

class LogSettingsTest : public testing::Test {
 protected:
  LogSettingsTest() { ConfigureLog(LogLevel::kWarning, LogFormat::kText); }
  void TearDown() override { ConfigureLog(LogLevel::kWarning, LogFormat::kText); }

  Status Change(std::vector<LogSetting> wishes) { return settings_.Change(wishes); }
  std::vector<LogSetting> All() const { return settings_.All(); }

 private:
  LogSettings settings_;
};

TEST_F(LogSettingsTest, AreThoseOfTheLog) {
  EXPECT_EQ(All(), (std::vector<LogSetting>{{"log_file", ""},
                                            {"log_info", false},
                                            {"log_warning", true},
                                            {"log_error", true},
                                            {"log_verbose_level", std::uint64_t{0}},
                                            {"log_format", "default"}}));
}

TEST_F(LogSettingsTest, ChangeWhatIsLogged) {
  EXPECT_TRUE(Change({{"log_verbose_level", std::uint64_t{2}}, {"log_warning", false}}).ok());
  EXPECT_EQ(LevelsShown(), (ShownLevels{.debug = true, .error = true}));
  EXPECT_THAT(All(), Contains(LogSetting{"log_verbose_level", std::uint64_t{2}}));
  EXPECT_TRUE(Change({{"log_verbose_level", std::uint64_t{0}}, {"log_info", true}}).ok());
  EXPECT_EQ(LevelsShown(), (ShownLevels{.info = true, .error = true}));
}

TEST_F(LogSettingsTest, NothingAsAValueLeavesItAsItIs) {
  EXPECT_TRUE(Change({{"log_error", {}}, {"log_file", ""}, {"log_format", "ISO8601"}}).ok());
  EXPECT_EQ(LevelsShown(), (ShownLevels{.warning = true, .error = true}));
  EXPECT_THAT(All(), Contains(LogSetting{"log_format", "ISO8601"}));
}

// Bad input S14: settings that are none change nothing
TEST_F(LogSettingsTest, WhatIsWrongChangesNothing) {
  const std::vector<LogSetting> wrong = {{"log_warnings", true},
                                         {"log_info", "yes"},
                                         {"log_verbose_level", true},
                                         {"log_format", "glog"}};
  for (const LogSetting& wish : wrong) {
    const Status refused = Change({{"log_error", false}, wish});
    EXPECT_EQ(refused.number(), errors::kRequestFieldInvalid) << wish.name;
  }
  EXPECT_THAT(Change({{"log_warnings", true}}).ToString(), HasSubstr("log_warning"));
  EXPECT_EQ(LevelsShown(), (ShownLevels{.warning = true, .error = true}));
}

TEST_F(LogSettingsTest, NobodyOnTheNetworkChoosesAFile) {
  EXPECT_EQ(Change({{"log_file", "/tmp/log"}}).code(), Code::kUnimplemented);
}

}  // namespace
}  // namespace slipway::serve
