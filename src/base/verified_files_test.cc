#include "base/verified_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"

namespace slipway {
namespace {

constexpr std::chrono::milliseconds kAnyAge{-1000};

Digest DigestOf(DigestedFiles& files, const std::string& path) {
  const Result<FileDescriptor> file = OpenForReading(path);
  EXPECT_TRUE(file.ok()) << file.status().ToString();
  const Result<Digest> digest = files.SumOf(file->get());
  EXPECT_TRUE(digest.ok()) << digest.status().ToString();
  return digest.ok() ? *digest : Digest();
}

TEST(VerifiedFiles, SayWhatTheContentHashesTo) {
  const Result<TemporaryDirectory> folder = TemporaryDirectory::Create("verified-");
  const std::string path = folder->path() + "/a";
  DigestedFiles files;
  ASSERT_TRUE(WriteFileAtomically(path, "one").ok());
  EXPECT_EQ(DigestOf(files, path), Sha256Of("one"));
  EXPECT_EQ(DigestOf(files, path), Sha256Of("one"));
}

TEST(VerifiedFiles, AFileThatWasWrittenToIsHashedAgain) {
  const Result<TemporaryDirectory> folder = TemporaryDirectory::Create("verified-");
  const std::string path = folder->path() + "/a";
  DigestedFiles files(kAnyAge);
  ASSERT_TRUE(WriteFileAtomically(path, "one").ok());
  EXPECT_EQ(DigestOf(files, path), Sha256Of("one"));
  // The same size, and the times that it had: as somebody writes who wants not to be noticed.
  struct stat before{};
  ASSERT_EQ(stat(path.c_str(), &before), 0);
  ASSERT_TRUE(WriteFileAtomically(path, "two").ok());
  const timespec times[] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  EXPECT_EQ(DigestOf(files, path), Sha256Of("two"));
}

TEST(VerifiedFiles, AFileThatHasRestedIsReadOnce) {
  const Result<TemporaryDirectory> folder = TemporaryDirectory::Create("verified-");
  const std::string path = folder->path() + "/a";
  ASSERT_TRUE(WriteFileAtomically(path, "one").ok());
  DigestedFiles files(kAnyAge);
  EXPECT_EQ(DigestOf(files, path), Sha256Of("one"));
  EXPECT_EQ(DigestOf(files, path), Sha256Of("one"));
  EXPECT_EQ(files.reads(), 1U);
}

TEST(VerifiedFiles, AFileThatWasJustWrittenIsReadEachTime) {
  const Result<TemporaryDirectory> folder = TemporaryDirectory::Create("verified-");
  const std::string path = folder->path() + "/a";
  ASSERT_TRUE(WriteFileAtomically(path, "one").ok());
  DigestedFiles files(std::chrono::hours(1));
  DigestOf(files, path);
  DigestOf(files, path);
  EXPECT_EQ(files.reads(), 2U);
}

}  // namespace
}  // namespace slipway
