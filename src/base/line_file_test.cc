#include "base/line_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>

namespace slipway {
namespace {

class LineFileTest : public testing::Test {
 protected:
  std::string path(const std::string& name = "log") const { return folder_.path() + "/" + name; }
  TemporaryDirectory folder_ = TemporaryDirectory::Create("lines").value();
};

TEST_F(LineFileTest, AppendsToWhatIsThereAndOnlyItsOwnerReadsIt) {
  ASSERT_TRUE(LineFile::Open(path()).value().Append("a\n").status.ok());
  ASSERT_TRUE(LineFile::Open(path()).value().Append("b\n").status.ok());
  EXPECT_EQ(ReadFile(path()).value(), "a\nb\n");
  struct stat facts{};
  ASSERT_EQ(stat(path().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
}

TEST_F(LineFileTest, AFileThatWasRenamedIsFollowedByANewOne) {
  LineFile file = LineFile::Open(path()).value();
  ASSERT_TRUE(file.Append("old\n").status.ok());
  std::filesystem::rename(path(), path("old"));
  ASSERT_TRUE(file.Append("new\n").status.ok());
  EXPECT_EQ(ReadFile(path("old")).value(), "old\n");
  EXPECT_EQ(ReadFile(path()).value(), "new\n");
}

TEST_F(LineFileTest, AFileAtItsBoundIsPutAsideInThePlaceOfTheOneBefore) {
  LineFile file = LineFile::Open(path(), 8).value();
  for (const std::string line : {"first..\n", "second.\n", "third..\n"})
    ASSERT_TRUE(file.Append(line).status.ok());
  EXPECT_EQ(ReadFile(path()).value(), "third..\n");
  EXPECT_EQ(ReadFile(path("log.1")).value(), "second.\n");
  EXPECT_FALSE(std::filesystem::exists(path("log.1.1")));
}

TEST_F(LineFileTest, APipeThatNobodyReadsIsNotWaitedFor) {
  ASSERT_EQ(mkfifo(path().c_str(), 0600), 0);
  const FileDescriptor reader(open(path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  LineFile file = LineFile::Open(path()).value();
  const std::string lines = std::string(1023, 'x') + "\n";
  LineFile::Written written;
  for (int i = 0; i < 4096 && written.status.ok(); ++i) written = file.Append(lines);
  EXPECT_EQ(written.status.code(), Code::kUnavailable);
}

TEST_F(LineFileTest, AFullDiskCutsALineAndTheNextBeginsItsOwn) {
  LineFile file = LineFile::Open(path()).value();
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight = old;
  tight.rlim_cur = 4;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const LineFile::Written cut = file.Append("a\nlong\n");
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  (void)std::signal(SIGXFSZ, handler);
  EXPECT_EQ(cut.bytes, 4U);
  EXPECT_FALSE(cut.status.ok());
  ASSERT_TRUE(file.Append("next\n").status.ok());
  EXPECT_EQ(ReadFile(path()).value(), "a\nlo\nnext\n");
}

}  // namespace
}  // namespace slipway
