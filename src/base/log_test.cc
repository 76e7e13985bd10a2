#include "base/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/recent_log.h"
#include "base/shown_levels.h"

namespace slipway {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

class LogTest : public ::testing::Test {
 protected:
  void TearDown() override {
    ConfigureLog(LogLevel::kWarning, LogFormat::kText);
    KeepRecentLog(LogLevel::kOff);
  }
};

TEST_F(LogTest, DropsWhatIsBelowTheThreshold) {
  CaptureStderr();
  Log(LogLevel::kInfo, "not {}", "seen");
  Log(LogLevel::kError, "{} of {}", 3, 4);
  const std::string text = GetCapturedStderr();
  EXPECT_THAT(text, EndsWith(" error   3 of 4\n"));
  EXPECT_THAT(text, Not(HasSubstr("seen")));
}

TEST_F(LogTest, EachLevelIsShownByItself) {
  ConfigureLog(LogLevel::kInfo, LogFormat::kText);
  EXPECT_EQ(LevelsShown(), (ShownLevels{.info = true, .warning = true, .error = true}));
  ShowLevels({.debug = true, .error = true});
  CaptureStderr();
  Log(LogLevel::kDebug, "first");
  Log(LogLevel::kWarning, "second");
  Log(LogLevel::kError, "third");
  const std::string text = GetCapturedStderr();
  EXPECT_THAT(text, HasSubstr("first"));
  EXPECT_THAT(text, Not(HasSubstr("second")));
  EXPECT_THAT(text, HasSubstr("third"));
  EXPECT_FALSE(LogEnabled(LogLevel::kInfo));
}

// Bad input S12: line ends and escapes in a name that is logged stay in its line
TEST_F(LogTest, KeepsOneLineWhateverTheMessageHolds) {
  CaptureStderr();
  LogLine(LogLevel::kError, "model \r\n2026-01-01 forged\x1b[31m");
  EXPECT_THAT(GetCapturedStderr(), EndsWith(R"(model \x0d\x0a2026-01-01 forged\x1b[31m)"
                                            "\n"));
}

// Bad input S12: what breaks JSON is escaped
TEST_F(LogTest, WritesJsonThatParsesBack) {
  ConfigureLog(LogLevel::kInfo, LogFormat::kJson);
  CaptureStderr();
  LogLine(LogLevel::kInfo, "a \"quoted\" {name}\n\xff");
  const std::string line = GetCapturedStderr();
  const Result<Json> entry = ParseJson(line);
  ASSERT_TRUE(entry.ok()) << line;
  EXPECT_EQ((*entry)["level"], "info");
  EXPECT_EQ((*entry)["msg"], R"(a "quoted" {name}\x0a\xff)");
}

TEST_F(LogTest, CutsAnEndlessMessage) {
  CaptureStderr();
  LogLine(LogLevel::kError, std::string(1 << 20, 'a'));
  const std::string line = GetCapturedStderr();
  EXPECT_LT(line.size(), 8192U + 64);
  EXPECT_THAT(line, EndsWith("a...\n"));
}

TEST_F(LogTest, LosesLinesRatherThanWaitForAReader) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const FileDescriptor reader(ends[0]);
  const FileDescriptor writer(ends[1]);
  const FileDescriptor saved(dup(STDERR_FILENO));
  ASSERT_GE(fcntl(writer.get(), F_SETFL, O_NONBLOCK), 0);
  const std::string filler(4096, 'x');
  while (write(writer.get(), filler.data(), filler.size()) > 0) {
  }
  dup2(writer.get(), STDERR_FILENO);
  LogLine(LogLevel::kError, "lost");
  LogLine(LogLevel::kError, "lost too");
  std::string drained(1 << 20, '\0');
  const bool read_some = read(reader.get(), drained.data(), drained.size()) > 0;
  LogLine(LogLevel::kError, "seen");
  dup2(saved.get(), STDERR_FILENO);
  EXPECT_TRUE(read_some);
  const ssize_t count = read(reader.get(), drained.data(), drained.size());
  ASSERT_GT(count, 0);
  drained.resize(static_cast<std::size_t>(count));
  EXPECT_THAT(drained, HasSubstr("2 log lines were lost"));
  EXPECT_THAT(drained, EndsWith(" seen\n"));
}

TEST(Printable, KeepsTextAndEscapesControls) {
  EXPECT_EQ(Printable("\xe4\xbd\xa0\xe5\xa5\xbd a"), "\xe4\xbd\xa0\xe5\xa5\xbd a");
  EXPECT_EQ(Printable(std::string_view("a\0\t\x7f", 4)), R"(a\x00\x09\x7f)");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            R"(\xc2\x9b31m)");
  EXPECT_EQ(Printable("\xe2\x82"), R"(\xe2\x82)");
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(Printable("abcdef", 6), "abcdef");
  EXPECT_EQ(Printable("abcdef", 3), "abc...");
  EXPECT_EQ(Printable("ab\xe2\x82\xac", 4), "ab...");
  EXPECT_EQ(Printable("ab\n", 5), "ab...");
}

std::vector<std::string> Messages(const RecentLog& log) {
  std::vector<std::string> messages;
  for (const LoggedLine& line : log.lines) messages.push_back(line.message);
  return messages;
}

TEST_F(LogTest, RecentLinesAreKeptWhateverGoesToStderr) {
  KeepRecentLog(LogLevel::kInfo);
  const std::uint64_t before = RecentLogAfter(0, 0).last;
  CaptureStderr();
  Log(LogLevel::kDebug, "too little");
  Log(LogLevel::kInfo, "model {}\n is loaded", "a");
  Log(LogLevel::kError, "broken");
  EXPECT_THAT(GetCapturedStderr(), EndsWith(" error   broken\n"));
  const RecentLog all = RecentLogAfter(before, 10);
  EXPECT_THAT(Messages(all), ElementsAre(R"(model a\x0a is loaded)", "broken"));
  EXPECT_EQ(all.lines[0].level, LogLevel::kInfo);
  EXPECT_EQ(all.lines[1].number, before + 2);
  EXPECT_EQ(all.last, before + 2);
  EXPECT_THAT(Messages(RecentLogAfter(before, 1)), ElementsAre("broken"));
  EXPECT_THAT(Messages(RecentLogAfter(before + 1, 10)), ElementsAre("broken"));
  EXPECT_THAT(Messages(RecentLogAfter(before + 2, 10)), IsEmpty());
  EXPECT_THAT(Messages(RecentLogAfter(before + 99, 10)), IsEmpty())
      << "of a server before this one";
}

TEST_F(LogTest, OldLinesMakeRoomForNewOnes) {
  ConfigureLog(LogLevel::kOff, LogFormat::kText);
  KeepRecentLog(LogLevel::kInfo);
  for (std::size_t i = 0; i < kMostKeptLines + 5; ++i) Log(LogLevel::kInfo, "{}", i);
  const RecentLog many = RecentLogAfter(0, 1'000'000);
  EXPECT_EQ(many.lines.size(), kMostKeptLines);
  EXPECT_EQ(many.lines.front().message, "5");
  const std::string long_line(8000, 'x');
  for (std::size_t i = 0; i < kMostKeptBytes / 8000 + 5; ++i) LogLine(LogLevel::kInfo, long_line);
  std::size_t bytes = 0;
  for (const LoggedLine& line : RecentLogAfter(0, 1'000'000).lines) bytes += line.message.size();
  EXPECT_LE(bytes, kMostKeptBytes);
  EXPECT_GT(bytes, kMostKeptBytes - 16000);
}

}  // namespace
}  // namespace slipway
