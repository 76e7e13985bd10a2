#include "cli/terminal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/file.h"

namespace slipway::cli {
namespace {

/// Standard error goes into a pipe, as in a log file; its content is read at the end.
class CapturedError {
 public:
  CapturedError() {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    reader_ = FileDescriptor(ends[0]);
    saved_ = FileDescriptor(dup(STDERR_FILENO));
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
  }
  std::string Finish() {
    dup2(saved_.get(), STDERR_FILENO);
    saved_.Close();
    return ReadAll(reader_.get(), 1 << 20).value();
  }

 private:
  FileDescriptor reader_;
  FileDescriptor saved_;
};

/// A test starts without the variables that decide on colour.
class TerminalStyleTest : public testing::Test {
 protected:
  void SetUp() override {
    unsetenv("NO_COLOR");
    unsetenv("CLICOLOR_FORCE");
  }
  void TearDown() override { SetUp(); }

  /// What is decided where standard error is no terminal.
  static TerminalStyle InLogFile(std::string_view progress, std::string_view color) {
    CapturedError error;
    const TerminalStyle style = DetectTerminalStyle(progress, color);
    error.Finish();
    return style;
  }
};

TEST_F(TerminalStyleTest, ALogFileGetsNeitherProgressNorColour) {
  const TerminalStyle style = InLogFile("auto", "auto");
  EXPECT_FALSE(style.progress);
  EXPECT_FALSE(style.plain);
  EXPECT_FALSE(style.color);
}

TEST_F(TerminalStyleTest, FlagsDecideAgainstTheTerminal) {
  EXPECT_TRUE(InLogFile("tty", "auto").progress);
  EXPECT_TRUE(InLogFile("plain", "auto").plain);
  EXPECT_TRUE(InLogFile("auto", "always").color);
  EXPECT_FALSE(InLogFile("none", "never").progress);
}

TEST_F(TerminalStyleTest, VariablesDecideOnColour) {
  setenv("CLICOLOR_FORCE", "1", 1);
  EXPECT_TRUE(InLogFile("auto", "auto").color);
  EXPECT_FALSE(InLogFile("auto", "never").color);
  setenv("CLICOLOR_FORCE", "0", 1);
  EXPECT_FALSE(InLogFile("auto", "auto").color);
}

TEST(Progress, SaysNothingInALogFile) {
  CapturedError error;
  {
    Progress progress({}, "importing");
    progress.Stage("reading");
    progress.Fraction(1, 2);
  }
  EXPECT_EQ(error.Finish(), "");
}

TEST(Progress, PlainIsOneLineAStage) {
  CapturedError error;
  {
    Progress progress({.plain = true}, "importing");
    progress.Stage("reading");
  }
  EXPECT_EQ(error.Finish(), "importing\nimporting: reading\n");
}

TEST(Progress, AShortCommandDrawsNothing) {
  CapturedError error;
  {
    Progress progress({.progress = true}, "importing");
  }
  EXPECT_EQ(error.Finish(), "");
}

}  // namespace
}  // namespace slipway::cli
