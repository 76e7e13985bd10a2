#include "cli/interruption.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "base/file.h"

namespace slipway::cli {
namespace {

namespace fs = std::filesystem;

/// Threads and fork do not go together: every death test starts the program anew.
class InterruptionTest : public testing::Test {
 protected:
  void SetUp() override { testing::GTEST_FLAG(death_test_style) = "threadsafe"; }
};

[[noreturn]] void WaitForTheEnd() {
  for (;;) pause();
}

/// Leaves with the exit code that a second program sees.
void InterruptWithFiles(const std::string& folder, int signal) {
  const Interruption interruption;
  const auto work = TemporaryDirectory::Create("work-", folder);
  const auto file = AtomicFile::Create(folder + "/out.onnx");
  kill(getpid(), work.ok() && file.ok() ? signal : SIGKILL);
  WaitForTheEnd();
}

TEST_F(InterruptionTest, RemovesWhatIsUnfinishedAndSaysWhichSignal) {
  const std::string folder = testing::TempDir() + "slipway-interruption";
  fs::create_directories(folder);
  EXPECT_EXIT(InterruptWithFiles(folder, SIGINT), testing::ExitedWithCode(130), "");
  EXPECT_EXIT(InterruptWithFiles(folder, SIGTERM), testing::ExitedWithCode(143), "");
  EXPECT_TRUE(fs::is_empty(folder));
  fs::remove_all(folder);
}

TEST_F(InterruptionTest, ASignalThatCameBeforeTheEndStillCounts) {
  EXPECT_EXIT(
      {
        {
          const Interruption interruption;
          kill(getpid(), SIGINT);
        }
        _exit(0);
      },
      testing::ExitedWithCode(130), "");
}

TEST_F(InterruptionTest, AReleasedSignalWaitsForWhoeverTakesIt) {
  EXPECT_EXIT(
      {
        Interruption interruption;
        interruption.Release();
        kill(getpid(), SIGTERM);
        sigset_t wanted;
        sigemptyset(&wanted);
        sigaddset(&wanted, SIGTERM);
        int signal = 0;
        sigwait(&wanted, &signal);
        _exit(signal == SIGTERM ? 7 : 8);
      },
      testing::ExitedWithCode(7), "");
}

TEST_F(InterruptionTest, AnIgnoredSignalStaysIgnored) {
  EXPECT_EXIT(
      {
        std::signal(SIGINT, SIG_IGN);
        {
          const Interruption interruption;
          kill(getpid(), SIGINT);
        }
        _exit(5);
      },
      testing::ExitedWithCode(5), "");
}

}  // namespace
}  // namespace slipway::cli
