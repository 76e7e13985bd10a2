#include "base/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

namespace slipway {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Files : public ::testing::Test {
 protected:
  std::string Path(std::string_view name) const { return folder_.path() + "/" + std::string(name); }
  std::size_t Count() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_.path()), {}));
  }
  TemporaryDirectory folder_ = TemporaryDirectory::Create("file_test").value();
};

TEST_F(Files, WriteFileAtomicallyReplacesTheWholeFile) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "a longer old text").ok());
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "new").ok());
  EXPECT_EQ(*ReadFile(Path("f")), "new");
  EXPECT_EQ(Count(), 1U);
}

TEST_F(Files, WriteFileAtomicallyKeepsTheModeAskedFor) {
  ASSERT_TRUE(WriteFileAtomically(Path("key"), "secret", 0600).ok());
  struct stat status;
  ASSERT_EQ(stat(Path("key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(Files, WriteFileAtomicallyLeavesNothingBehindWhenItFails) {
  ASSERT_TRUE(MakeDirectories(Path("taken/by a directory")).ok());
  EXPECT_FALSE(WriteFileAtomically(Path("taken"), "x").ok());
  EXPECT_TRUE(fs::is_directory(Path("taken")));
  EXPECT_EQ(Count(), 1U);
  EXPECT_EQ(WriteFileAtomically(Path("missing/f"), "x").code(), Code::kNotFound);
}

TEST_F(Files, WriteFileAtomicallyDoesNotReplaceADeviceOrPipe) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(WriteFileAtomically(Path("pipe"), "x").code(), Code::kInvalidArgument);
  EXPECT_TRUE(fs::is_fifo(Path("pipe")));
}

TEST_F(Files, AtomicFileIsInvisibleUntilCommitted) {
  AtomicFile file = AtomicFile::Create(Path("f")).value();
  ASSERT_TRUE(file.Write("half").ok());
  EXPECT_FALSE(fs::exists(Path("f")));
  AtomicFile moved = std::move(file);
  ASSERT_TRUE(moved.Write(" and half").ok());
  ASSERT_TRUE(moved.Commit().ok());
  EXPECT_EQ(*ReadFile(Path("f")), "half and half");
}

TEST_F(Files, AtomicFileDroppedLeavesNothing) {
  {
    AtomicFile file = AtomicFile::Create(Path("f")).value();
    ASSERT_TRUE(file.Write("half").ok());
    EXPECT_EQ(Count(), 1U);
  }
  EXPECT_EQ(Count(), 0U);
}

TEST_F(Files, TwoWritersOfOneNameDoNotMix) {
  AtomicFile one = AtomicFile::Create(Path("f")).value();
  AtomicFile other = AtomicFile::Create(Path("f")).value();
  ASSERT_TRUE(one.Write("one").ok());
  ASSERT_TRUE(other.Write("other").ok());
  ASSERT_TRUE(other.Commit().ok());
  ASSERT_TRUE(one.Commit().ok());
  EXPECT_EQ(*ReadFile(Path("f")), "one");
}

TEST_F(Files, ReadFileRefusesMoreThanTheLimit) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "12345").ok());
  EXPECT_EQ(*ReadFile(Path("f"), 5), "12345");
  const Status status = ReadFile(Path("f"), 4).status();
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.place(), Path("f"));
}

TEST_F(Files, ReadFileNamesAMissingFile) {
  const Status status = ReadFile(Path("none")).status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_THAT(status.message(), HasSubstr(Path("none")));
}

TEST_F(Files, ReadAllTakesAPipeToItsEnd) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const FileDescriptor reader(ends[0]);
  FileDescriptor writer(ends[1]);
  ASSERT_TRUE(WriteAll(writer.get(), std::as_bytes(std::span("through", 7))).ok());
  writer.Close();
  EXPECT_EQ(*ReadAll(reader.get(), 100), "through");
}

TEST_F(Files, OpenRegularFileRefusesDirectoriesAndPipesWithoutWaiting) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(OpenRegularFile(Path("pipe")).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(OpenRegularFile(folder_.path()).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(OpenRegularFile("/dev/null").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(OpenRegularFile(Path("none")).status().code(), Code::kNotFound);
}

TEST_F(Files, MappedFileHoldsTheBytesAfterTheFileIsGone) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "mapped").ok());
  MappedFile file = MappedFile::Open(Path("f")).value();
  ASSERT_EQ(unlink(Path("f").c_str()), 0);
  const MappedFile moved = std::move(file);
  EXPECT_EQ(moved.text(), "mapped");
}

TEST_F(Files, MappedFileMapsAnEmptyFileToNothing) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "").ok());
  EXPECT_TRUE(MappedFile::Open(Path("f")).value().bytes().empty());
}

TEST_F(Files, FileDescriptorClosesWhatItHeldWhenAssigned) {
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "x").ok());
  FileDescriptor file = OpenForReading(Path("f")).value();
  const int first = file.get();
  file = OpenForReading(Path("f")).value();
  EXPECT_EQ(fcntl(first, F_GETFD), -1);
  EXPECT_NE(fcntl(file.get(), F_GETFD), -1);
}

TEST_F(Files, MakeDirectoriesTakesWhatIsThere) {
  EXPECT_TRUE(MakeDirectories(Path("a/b/c")).ok());
  EXPECT_TRUE(MakeDirectories(Path("a/b/c")).ok());
  ASSERT_TRUE(WriteFileAtomically(Path("f"), "x").ok());
  EXPECT_FALSE(MakeDirectories(Path("f/a")).ok());
}

TEST_F(Files, TemporaryDirectoryGoesWithAllItHolds) {
  std::string path;
  {
    const auto inner = TemporaryDirectory::Create("x", folder_.path()).value();
    path = inner.path();
    ASSERT_TRUE(MakeDirectories(path + "/a/b").ok());
    ASSERT_TRUE(WriteFileAtomically(path + "/a/f", "x").ok());
  }
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace slipway
