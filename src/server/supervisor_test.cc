#include "server/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/text.h"
#include "server/notified.h"

namespace slipway::server {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A process that a service manager has started.
class SupervisorTest : public testing::Test {
 protected:
  Supervisor Start() {
    setenv("NOTIFY_SOCKET", notified_.path().c_str(), 1);
    return Supervisor::FromEnvironment();
  }
  Notified notified_;
};

TEST_F(SupervisorTest, IsToldThatTheServiceIsReadyAndHowItGoes) {
  Start().Ready("2 models ready");
  EXPECT_EQ(notified_.Next(), "READY=1\nSTATUS=2 models ready");
}

TEST_F(SupervisorTest, EachLoadedModelGivesTheStartMoreTime) {
  Start().Loading(1, 3);
  EXPECT_EQ(notified_.Next(), "EXTEND_TIMEOUT_USEC=600000000\nSTATUS=loading: 1 of 3 models");
}

TEST_F(SupervisorTest, AReloadSaysWhenItBegan) {
  timespec before{};
  clock_gettime(CLOCK_MONOTONIC, &before);
  Start().Reloading();
  const std::string said = notified_.Next();
  ASSERT_THAT(said, StartsWith("RELOADING=1\nMONOTONIC_USEC="));
  const std::string_view number = Split(Split(said, '\n')[1], '=')[1];
  EXPECT_GE(ParseInt64(number).value_or(-1), std::int64_t{before.tv_sec} * 1'000'000);
}

TEST_F(SupervisorTest, TheEndSaysHowLongItMayTake) {
  Start().Stopping(std::chrono::seconds(25));
  EXPECT_THAT(notified_.Next(), StartsWith("STOPPING=1\nEXTEND_TIMEOUT_USEC=35000000\n"));
}

TEST_F(SupervisorTest, AStatusIsOneLineWhateverAModelIsCalled) {
  Start().Say("failed: a\nREADY=1");
  EXPECT_EQ(notified_.Next(), "STATUS=failed: a\\x0aREADY=1");
}

TEST_F(SupervisorTest, NoChildInheritsHowToSpeakToIt) {
  setenv("WATCHDOG_USEC", "3000000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  const Supervisor supervisor = Start();
  EXPECT_EQ(supervisor.watchdog(), std::chrono::seconds(3));
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
    EXPECT_EQ(std::getenv(name), nullptr) << name;
}

TEST_F(SupervisorTest, TheWatchdogOfAnotherProcessIsNotOurs) {
  setenv("WATCHDOG_USEC", "3000000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(Start().watchdog().count(), 0);
}

TEST_F(SupervisorTest, TheAbstractNamespaceIsSpokenToo) {
  const Notified abstract("@slipway-supervisor-test-" + std::to_string(getpid()));
  setenv("NOTIFY_SOCKET", abstract.path().c_str(), 1);
  Supervisor::FromEnvironment().Alive();
  EXPECT_EQ(abstract.Next(), "WATCHDOG=1");
}

TEST_F(SupervisorTest, NobodyIsToldNothing) {
  const Supervisor nobody;
  nobody.Ready("");
  EXPECT_FALSE(nobody.exists());
  setenv("NOTIFY_SOCKET", "vsock:2:1", 1);
  EXPECT_FALSE(Supervisor::FromEnvironment().exists());
}

}  // namespace
}  // namespace slipway::server
