#include "base/failpoint.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include "base/file.h"

namespace slipway {
namespace {

/// The environment is read once for each process, so every case ends one of its own.
class Failpoint : public ::testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

[[noreturn]] void ExitWithCodeOfThirdHit(const char* armed) {
  setenv("SLIPWAY_FAILPOINTS_SET", armed, 1);
  (void)HitFailpoint("store.write");
  (void)HitFailpoint("store.write");
  exit(static_cast<int>(HitFailpoint("store.write").code()));
}

int CodeNumber(Code code) { return static_cast<int>(code); }

TEST_F(Failpoint, DoesNothingUnlessArmed) {
  EXPECT_EXIT(ExitWithCodeOfThirdHit("other=crash"), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(ExitWithCodeOfThirdHit("nonsense;;=;a"), ::testing::ExitedWithCode(0), "");
}

TEST_F(Failpoint, GivesTheErrorAskedFor) {
  EXPECT_EXIT(ExitWithCodeOfThirdHit("a=crash;store.write=error(RESOURCE_EXHAUSTED)"),
              ::testing::ExitedWithCode(CodeNumber(Code::kResourceExhausted)), "");
}

TEST_F(Failpoint, MayBeArmedForOneHitOnly) {
  EXPECT_EXIT(ExitWithCodeOfThirdHit("store.write=error(ABORTED)@3"),
              ::testing::ExitedWithCode(CodeNumber(Code::kAborted)), "");
  EXPECT_EXIT(ExitWithCodeOfThirdHit("store.write=crash@4"), ::testing::ExitedWithCode(0), "");
}

TEST_F(Failpoint, CrashesAsKillNineDoes) {
  EXPECT_EXIT(ExitWithCodeOfThirdHit("store.write=crash@2"), ::testing::KilledBySignal(SIGKILL),
              "");
}

TEST_F(Failpoint, WritesDownEveryHit) {
  const auto folder = TemporaryDirectory::Create("failpoint").value();
  setenv("SLIPWAY_FAILPOINTS_LOG", (folder.path() + "/log").c_str(), 1);
  EXPECT_TRUE(HitFailpoint("one").ok());
  EXPECT_TRUE(HitFailpoint("two").ok());
  unsetenv("SLIPWAY_FAILPOINTS_LOG");
  EXPECT_EQ(*ReadFile(folder.path() + "/log"), "one\ntwo\n");
}

}  // namespace
}  // namespace slipway
