#include "access/gatekeeper.h"

#include <gtest/gtest.h>

#include "access/key_file.h"
#include "base/error_catalogue.h"
#include "base/fake_clock.h"
#include "base/file.h"
#include "base/text.h"

namespace slipway::access {
namespace {

class GatekeeperTest : public testing::Test {
 protected:
  void Open(Openness openness = Openness::kToNobody) {
    gate_ = Gatekeeper::ForStore(store.path(), openness, clock).value();
  }
  NewApiKey Add(std::vector<Role> roles, std::optional<std::int64_t> expires = std::nullopt) {
    return AddApiKey(store.path(), "shop", std::move(roles), 0, expires).value();
  }
  Status Ask(Right right, std::string_view key) {
    return gate_->Admit(right, {.key = key.empty() ? nullptr : &key});
  }
  std::int64_t Now() const {
    return std::chrono::duration_cast<std::chrono::seconds>(clock.WallNow().time_since_epoch())
        .count();
  }

  TemporaryDirectory store = TemporaryDirectory::Create("gate").value();
  FakeClock clock;

 private:
  std::shared_ptr<const Gatekeeper> gate_;
};

TEST_F(GatekeeperTest, WhatIsOpenNeedsNoKey) {
  Open(Openness::kToInference);
  EXPECT_TRUE(Ask(Right::kInfer, "").ok());
  EXPECT_EQ(Ask(Right::kAdminister, "").number(), errors::kKeyMissing);
}

TEST_F(GatekeeperTest, TheAdminKeyOpensEverything) {
  Open();
  const std::string key(Trim(ReadFile(AdminKeyPath(store.path())).value()));
  EXPECT_TRUE(Ask(Right::kInfer, key).ok());
  EXPECT_TRUE(Ask(Right::kAdminister, key).ok());
}

TEST_F(GatekeeperTest, AKeyOpensWhatItsRolesSay) {
  const NewApiKey key = Add({Role::kInfer});
  Open();
  EXPECT_TRUE(Ask(Right::kInfer, key.text).ok());
  const Status refusal = Ask(Right::kObserve, key.text);
  EXPECT_EQ(refusal.code(), Code::kPermissionDenied);
  EXPECT_EQ(refusal.number(), errors::kRoleMissing);
  EXPECT_NE(refusal.message().find("shop"), std::string::npos);
}

TEST_F(GatekeeperTest, AWrongKeyIsRefusedWithoutSayingIt) {
  std::string key = Add({Role::kInfer}).text;
  Open();
  key.back() = key.back() == '0' ? '1' : '0';
  const Status refusal = Ask(Right::kInfer, key);
  EXPECT_EQ(refusal.code(), Code::kUnauthenticated);
  EXPECT_EQ(refusal.ToString().find(key.substr(20)), std::string::npos);
}

TEST_F(GatekeeperTest, AnExpiredKeyIsRefused) {
  const NewApiKey key = Add({Role::kInfer}, Now() + 60);
  Open();
  EXPECT_TRUE(Ask(Right::kInfer, key.text).ok());
  clock.Advance(std::chrono::seconds(61));
  EXPECT_EQ(Ask(Right::kInfer, key.text).number(), errors::kKeyMissing);
}

TEST_F(GatekeeperTest, KeysComeAndGoWithinASecond) {
  Open();
  const NewApiKey key = Add({Role::kInfer});
  EXPECT_TRUE(Ask(Right::kInfer, key.text).ok()) << "at once";
  ASSERT_TRUE(RemoveApiKey(store.path(), key.key.id).ok());
  clock.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Ask(Right::kInfer, key.text).code(), Code::kUnauthenticated);
}

TEST_F(GatekeeperTest, AFileThatIsDamagedLaterChangesNothing) {
  const NewApiKey key = Add({Role::kInfer});
  Open();
  ASSERT_TRUE(WriteFileAtomically(KeyFilePath(store.path()), "{").ok());
  clock.Advance(std::chrono::seconds(2));
  EXPECT_TRUE(Ask(Right::kInfer, key.text).ok());
  EXPECT_EQ(Gatekeeper::ForStore(store.path(), Openness::kToNobody, clock).status().code(),
            Code::kDataLoss);
}

}  // namespace
}  // namespace slipway::access
