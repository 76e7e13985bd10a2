#include "access/admin_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace slipway::access {
namespace {

std::string StoredKey(const TemporaryDirectory& store) {
  return std::string(Trim(ReadFile(AdminKeyPath(store.path())).value()));
}

TEST(AdminKey, FirstStartWritesAKeyThatOnlyItsOwnerReads) {
  const TemporaryDirectory store = TemporaryDirectory::Create("admin-key").value();
  ASSERT_TRUE(AdminKey::LoadOrCreate(store.path()).ok());
  struct stat file{};
  ASSERT_EQ(stat(AdminKeyPath(store.path()).c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777u, 0600u);
  EXPECT_TRUE(StoredKey(store).starts_with("slw_admin_"));
  EXPECT_EQ(StoredKey(store).size(), 10u + 64u);
}

TEST(AdminKey, LaterStartKeepsTheKey) {
  const TemporaryDirectory store = TemporaryDirectory::Create("admin-key").value();
  ASSERT_TRUE(AdminKey::LoadOrCreate(store.path()).ok());
  const std::string first = StoredKey(store);
  EXPECT_TRUE(AdminKey::LoadOrCreate(store.path()).value().Admits(first));
  EXPECT_EQ(StoredKey(store), first);
}

TEST(AdminKey, CreatesTheStoreFolder) {
  const TemporaryDirectory parent = TemporaryDirectory::Create("admin-key").value();
  EXPECT_TRUE(AdminKey::LoadOrCreate(parent.path() + "/a/store").ok());
}

TEST(AdminKey, ServersThatStartTogetherAgree) {
  const TemporaryDirectory store = TemporaryDirectory::Create("admin-key").value();
  std::vector<std::optional<Result<AdminKey>>> keys(8);
  {
    std::vector<std::jthread> starts;
    for (auto& key : keys) starts.emplace_back([&] { key = AdminKey::LoadOrCreate(store.path()); });
  }
  for (const auto& key : keys) {
    ASSERT_TRUE(key->ok()) << key->status().ToString();
    EXPECT_TRUE(key->value().Admits(StoredKey(store)));
  }
}

TEST(AdminKey, AdmitsNothingElse) {
  const TemporaryDirectory store = TemporaryDirectory::Create("admin-key").value();
  const AdminKey key = AdminKey::LoadOrCreate(store.path()).value();
  std::string nearly = StoredKey(store);
  nearly.back() = nearly.back() == '0' ? '1' : '0';
  EXPECT_FALSE(key.Admits(nearly));
  EXPECT_FALSE(key.Admits(""));
  EXPECT_FALSE(key.Admits(StoredKey(store) + "\n"));
}

TEST(AdminKey, RefusesAFileThatOthersMayRead) {
  const TemporaryDirectory store = TemporaryDirectory::Create("admin-key").value();
  ASSERT_TRUE(AdminKey::LoadOrCreate(store.path()).ok());
  ASSERT_EQ(chmod(AdminKeyPath(store.path()).c_str(), 0644), 0);
  const Result<AdminKey> key = AdminKey::LoadOrCreate(store.path());
  ASSERT_FALSE(key.ok());
  EXPECT_EQ(key.status().code(), Code::kFailedPrecondition);
  EXPECT_TRUE(key.status().hint().starts_with("chmod 600 "));
}

TEST(AdminKey, RefusesAFileThatHoldsNoKey) {
  const TemporaryDirectory store = TemporaryDirectory::Create("admin-key").value();
  ASSERT_TRUE(WriteFileAtomically(AdminKeyPath(store.path()), "password", 0600).ok());
  EXPECT_EQ(AdminKey::LoadOrCreate(store.path()).status().code(), Code::kFailedPrecondition);
}

}  // namespace
}  // namespace slipway::access
