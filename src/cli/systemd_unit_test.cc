#include "cli/systemd_unit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(SystemdUnit, WordsAreQuotedForAUnit) {
  EXPECT_EQ(SystemdWord("/srv/models"), "/srv/models");
  EXPECT_EQ(SystemdWord(""), "\"\"");
  EXPECT_EQ(SystemdWord("a b\"c\\d"), "\"a b\\\"c\\\\d\"");
  EXPECT_EQ(SystemdWord("100% $HOME"), "\"100%% $$HOME\"");
  EXPECT_EQ(SystemdWord("two\nlines"), "\"two\\nlines\"");
}

TEST(SystemdUnit, ServesWhatItIsTold) {
  const auto units = RenderSystemdUnits(
      {.program = "/usr/bin/slipway", .words = {"/srv/my models", "--port", "9000"}});
  ASSERT_EQ(units.size(), 1u);
  EXPECT_EQ(units[0].name, "slipway.service");
  EXPECT_THAT(units[0].text,
              HasSubstr("\nExecStart=/usr/bin/slipway serve \"/srv/my models\" --port 9000\n"));
  EXPECT_THAT(units[0].text, HasSubstr("\nProtectHome=yes\n"));
  EXPECT_THAT(units[0].text, Not(HasSubstr("Sockets=")));
}

TEST(SystemdUnit, ListenersHaveSocketsOfTheirOwn) {
  const auto units = RenderSystemdUnits({.program = "/usr/bin/slipway",
                                         .sockets = {"8080", "[::]:8080"},
                                         .admin_sockets = {"/run/slipway-admin.sock"}});
  ASSERT_EQ(units.size(), 3u);
  EXPECT_THAT(units[0].text, HasSubstr("\nSockets=slipway.socket slipway-admin.socket\n"));
  EXPECT_THAT(units[1].text, HasSubstr("\nListenStream=8080\nListenStream=[::]:8080\n"));
  EXPECT_THAT(units[1].text, HasSubstr("\nFileDescriptorName=main\n"));
  EXPECT_THAT(units[2].text, HasSubstr("\nFileDescriptorName=admin\n"));
}

TEST(SystemdUnit, ModelsInAHomeMayBeRead) {
  const auto units = RenderSystemdUnits({.program = "/s", .words = {"/home/ada/models"}});
  EXPECT_THAT(units[0].text, HasSubstr("\nProtectHome=read-only\n"));
}

}  // namespace
}  // namespace slipway::cli
