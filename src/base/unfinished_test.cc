#include "base/unfinished.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"

namespace slipway {
namespace {

namespace fs = std::filesystem;

std::size_t CountEntries(const std::string& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(Unfinished, AProcessThatEndsLeavesOnlyWhatItFinished) {
  const auto folder = TemporaryDirectory::Create("unfinished-");
  ASSERT_TRUE(folder.ok());
  const std::string& path = folder->path();
  EXPECT_EXIT(
      {
        auto half = AtomicFile::Create(path + "/half");
        auto whole = AtomicFile::Create(path + "/whole");
        auto work = TemporaryDirectory::Create("work-", path);
        const bool made = half.ok() && half->Write("x").ok() && whole.ok() &&
                          whole->Commit().ok() && work.ok() &&
                          WriteFileAtomically(work->path() + "/weights", "x").ok();
        ForgetUnfinished(path);
        RemoveAllUnfinished();
        _exit(made ? 3 : 4);
      },
      testing::ExitedWithCode(3), "");
  EXPECT_TRUE(fs::exists(path + "/whole"));
  EXPECT_EQ(CountEntries(path), 1U);
}

TEST(Unfinished, AFileThatCannotBeMadeIsNotRemembered) {
  const auto folder = TemporaryDirectory::Create("unfinished-");
  ASSERT_TRUE(folder.ok());
  EXPECT_EQ(AtomicFile::Create(folder->path() + "/no/such").status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace slipway
