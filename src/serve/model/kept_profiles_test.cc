#include "serve/model/kept_profiles.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/file.h"
#include "base/sha256.h"

namespace slipway::serve {
namespace {

namespace fs = std::filesystem;
using std::chrono::nanoseconds;

const std::string kPackage = Sha256Of("a package").ToString();
const std::string kMachine = "Fast 3000, 2 cores, onnxruntime 1.23";

BatchProfile Profile() {
  return BatchProfile({{1, nanoseconds(100)}, {2, nanoseconds(120)}, {4, nanoseconds(160)}});
}

struct Folder {
  TemporaryDirectory work = TemporaryDirectory::Create("profiles-").value();
  std::string path = work.path() + "/profiles";

  std::string OnlyFile() const { return fs::directory_iterator(path)->path(); }
  void Damage(std::string_view text) const {
    ASSERT_TRUE(WriteFileAtomically(OnlyFile(), text).ok());
  }
};

TEST(KeptProfiles, WhatIsKeptIsThereForTheNextProcess) {
  const Folder folder;
  KeptProfiles(folder.path, kMachine).Keep(kPackage, Profile());
  const auto found = KeptProfiles(folder.path, kMachine).Find(kPackage);
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->points().size(), 3u);
  EXPECT_EQ(found->points()[2].rows, 4);
  EXPECT_EQ(found->points()[2].time, nanoseconds(160));
}

TEST(KeptProfiles, AnotherMachineOrPackageHasNone) {
  const Folder folder;
  KeptProfiles(folder.path, kMachine).Keep(kPackage, Profile());
  EXPECT_FALSE(KeptProfiles(folder.path, "Slow 1").Find(kPackage).has_value());
  EXPECT_FALSE(
      KeptProfiles(folder.path, kMachine).Find(Sha256Of("another").ToString()).has_value());
}

TEST(KeptProfiles, MachinesThatShareAFolderKeepTheirOwn) {
  const Folder folder;
  KeptProfiles(folder.path, kMachine).Keep(kPackage, Profile());
  KeptProfiles(folder.path, "Slow 1").Keep(kPackage, BatchProfile({{1, nanoseconds(900)}}));
  EXPECT_EQ(KeptProfiles(folder.path, kMachine).Find(kPackage)->points().size(), 3u);
  EXPECT_EQ(KeptProfiles(folder.path, "Slow 1").Find(kPackage)->points().size(), 1u);
}

TEST(KeptProfiles, ADamagedFileIsNone) {
  const Folder folder;
  const KeptProfiles profiles(folder.path, kMachine);
  profiles.Keep(kPackage, Profile());
  const std::string whole = ReadFile(folder.OnlyFile()).value();
  const auto with_points = [&](std::string_view points) {
    std::string text = EncodeProfile(kPackage, kMachine, BatchProfile({{1, nanoseconds(7)}}));
    return text.replace(text.find("[[1,7]]"), 7, points);
  };
  for (const std::string& text :
       {std::string(), whole.substr(0, whole.size() / 2), std::string("7"), std::string("{}"),
        std::string(100'000, ' '), with_points("[]"), with_points("[[2,7]]"),
        with_points("[[1,0]]"), with_points("[[1,7],[1,8]]"), with_points("[[1,-7]]"),
        with_points("[[1,7.5]]"), with_points("[[1]]"), with_points("[[1,99999999999999999]]"),
        with_points("[[[[1]]]]"), EncodeProfile("sha256:00", kMachine, Profile()),
        EncodeProfile(kPackage, "Slow 1", Profile())}) {
    folder.Damage(text);
    EXPECT_FALSE(profiles.Find(kPackage).has_value()) << text.substr(0, 200);
  }
  profiles.Keep(kPackage, Profile());
  EXPECT_TRUE(profiles.Find(kPackage).has_value());
}

TEST(KeptProfiles, AFolderThatCannotBeWrittenIsNoError) {
  const Folder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.path, "a file where the folder would be").ok());
  const KeptProfiles profiles(folder.path, kMachine);
  profiles.Keep(kPackage, Profile());
  EXPECT_FALSE(profiles.Find(kPackage).has_value());
}

TEST(KeptProfiles, WhatIsNoPackageIsNotKept) {
  const Folder folder;
  const KeptProfiles profiles(folder.path, kMachine);
  profiles.Keep("", Profile());
  profiles.Keep("../../escape", Profile());
  profiles.Keep(kPackage, BatchProfile());
  KeptProfiles().Keep(kPackage, Profile());
  EXPECT_FALSE(fs::exists(folder.path));
  EXPECT_FALSE(KeptProfiles().Find(kPackage).has_value());
}

TEST(KeptProfiles, TheOldestGoesWhereThereAreTooMany) {
  const Folder folder;
  const KeptProfiles profiles(folder.path, kMachine);
  profiles.Keep(kPackage, Profile());
  fs::last_write_time(folder.OnlyFile(), fs::file_time_type::clock::now() - std::chrono::hours(1));
  for (std::size_t i = 1; i < KeptProfiles::kMostFiles; ++i)
    ASSERT_EQ(mknod((folder.path + "/" + std::to_string(i)).c_str(), S_IFREG | 0600, 0), 0);
  const std::string newest = Sha256Of("newest").ToString();
  profiles.Keep(newest, Profile());
  EXPECT_TRUE(profiles.Find(newest).has_value());
  EXPECT_FALSE(profiles.Find(kPackage).has_value());
}

}  // namespace
}  // namespace slipway::serve
