#include "access/gatekeeper.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "access/grant_file.h"
#include "base/error_catalogue.h"
#include "base/fake_clock.h"
#include "base/file.h"
#include "base/text.h"

namespace slipway::access {
namespace {

using CertificateNames = std::vector<std::string>;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct FakeHead {
  const std::string_view* Find(std::string_view name) const {
    return name == "slipway-key" && !key.empty() ? &key : nullptr;
  }
  bool Repeated(std::string_view) const { return false; }

  std::string_view key;
  const CertificateNames* certificate = nullptr;
  std::uint64_t network = 0;
};

class GatekeeperTest : public testing::Test {
 protected:
  void Open(Openness openness = Openness::kToNobody, const Quota& anonymous = {}) {
    gate_ =
        Gatekeeper::ForStore(store.path(), {.openness = openness, .anonymous = anonymous}, clock)
            .value();
  }
  NewKey Add(std::vector<Role> roles, std::optional<std::int64_t> expires = std::nullopt,
             const Quota& quota = {}) {
    return AddKey(store.path(),
                  {.name = "shop",
                   .roles = std::move(roles),
                   .quota = quota,
                   .expires_unix_seconds = expires},
                  0)
        .value();
  }
  void AddCertificateOf(std::string name, std::vector<Role> roles, const Quota& quota = {}) {
    ASSERT_TRUE(AddCertificate(store.path(),
                               {.name = "till", .roles = std::move(roles), .quota = quota}, name, 0)
                    .ok());
  }
  Admission Admit(Right right, std::string_view key, CertificateNames certificate = {},
                  std::uint64_t network = 1) {
    FakeHead head{.key = key, .network = network};
    if (!certificate.empty()) head.certificate = &certificate;
    return gate_->Admit(right, head);
  }
  Status Ask(Right right, std::string_view key) { return Admit(right, key).status; }
  Status AskBy(Right right, CertificateNames certificate) {
    return Admit(right, "", std::move(certificate)).status;
  }
  Result<Place> Again(const Caller& caller) { return gate_->EnterAgain(caller); }
  Gatekeeper::Refusals refusals() const { return gate_->refusals(); }
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
  const NewKey key = Add({Role::kInfer});
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
  const NewKey key = Add({Role::kInfer}, Now() + 60);
  Open();
  EXPECT_TRUE(Ask(Right::kInfer, key.text).ok());
  clock.Advance(std::chrono::seconds(61));
  EXPECT_EQ(Ask(Right::kInfer, key.text).number(), errors::kKeyMissing);
}

TEST_F(GatekeeperTest, KeysComeAndGoWithinASecond) {
  Open();
  const NewKey key = Add({Role::kInfer});
  EXPECT_TRUE(Ask(Right::kInfer, key.text).ok()) << "at once";
  ASSERT_TRUE(RemoveGrant(store.path(), key.grant.id).ok());
  clock.Advance(std::chrono::seconds(1));
  EXPECT_EQ(Ask(Right::kInfer, key.text).code(), Code::kUnauthenticated);
}

TEST_F(GatekeeperTest, AFileThatIsDamagedLaterChangesNothing) {
  const NewKey key = Add({Role::kInfer});
  Open();
  ASSERT_TRUE(WriteFileAtomically(GrantFilePath(store.path()), "{").ok());
  clock.Advance(std::chrono::seconds(2));
  EXPECT_TRUE(Ask(Right::kInfer, key.text).ok());
  EXPECT_EQ(Gatekeeper::ForStore(store.path(), {}, clock).status().code(), Code::kDataLoss);
}

TEST_F(GatekeeperTest, SaysWhoCalls) {
  const NewKey key = Add({Role::kInfer});
  Open();
  const Admission admission = Admit(Right::kInfer, key.text);
  ASSERT_NE(admission.caller, nullptr);
  EXPECT_EQ(admission.caller->kind, CallerKind::kKey);
  EXPECT_EQ(admission.caller->name, "shop");
  EXPECT_EQ(admission.caller->id, key.grant.id);
  const Admission refused = Admit(Right::kAdminister, key.text);
  ASSERT_NE(refused.caller, nullptr) << "of one who is refused too";
  EXPECT_EQ(refused.caller->name, "shop");
}

TEST_F(GatekeeperTest, NobodyIsAskedForWhatIsOpen) {
  Open(Openness::kToInference);
  EXPECT_EQ(Admit(Right::kInfer, "").caller, nullptr);
  EXPECT_TRUE(Ask(Right::kInfer, "no key at all").ok());
}

// Bad input S6: certificates whose names have a grant, another, none
TEST_F(GatekeeperTest, ACertificateIsHeldToItsGrantAndNoOther) {
  AddCertificateOf("URI:spiffe://shop/till", {Role::kRead});
  Open(Openness::kToInference);
  const CertificateNames till = {"URI:spiffe://shop/till", "CN:till"};
  EXPECT_TRUE(AskBy(Right::kObserve, till).ok());
  EXPECT_EQ(AskBy(Right::kInfer, till).number(), errors::kRoleMissing) << "open to others";
  EXPECT_EQ(AskBy(Right::kAdminister, till).number(), errors::kRoleMissing);
  const CertificateNames other = {"CN:spiffe://shop/till", "DNS:spiffe://shop/till"};
  EXPECT_TRUE(AskBy(Right::kInfer, other).ok()) << "as of old";
  EXPECT_EQ(AskBy(Right::kAdminister, other).number(), errors::kKeyMissing);
}

TEST_F(GatekeeperTest, ACertificateMayAdminister) {
  AddCertificateOf("CN:operator", {Role::kAdmin});
  Open();
  const Admission admission = Admit(Right::kAdminister, "", {"CN:operator"});
  EXPECT_TRUE(admission.status.ok());
  EXPECT_EQ(admission.caller->kind, CallerKind::kCertificate);
}

TEST_F(GatekeeperTest, AKeySaysMoreThanTheCertificateItComesBy) {
  AddCertificateOf("CN:proxy", {Role::kRead});
  const NewKey key = Add({Role::kInfer});
  Open();
  EXPECT_TRUE(Admit(Right::kInfer, key.text, {"CN:proxy"}).status.ok());
  EXPECT_EQ(Admit(Right::kObserve, "wrong", {"CN:proxy"}).status.number(), errors::kKeyMissing);
}

// Fault D3: each has its own
TEST_F(GatekeeperTest, AGrantHasItsQuotaOfRequests) {
  const NewKey key = Add({Role::kInfer}, std::nullopt, {.rate = {.per_second = 4, .burst = 2}});
  const NewKey other = Add({Role::kInfer}, std::nullopt, {.rate = {.per_second = 4, .burst = 2}});
  Open();
  clock.Advance(seconds(1000));
  EXPECT_TRUE(Ask(Right::kInfer, key.text).ok());
  EXPECT_TRUE(Ask(Right::kInfer, key.text).ok());
  const Admission refused = Admit(Right::kInfer, key.text);
  EXPECT_EQ(refused.status.code(), Code::kResourceExhausted);
  EXPECT_EQ(refused.status.number(), errors::kQuotaUsed);
  EXPECT_EQ(refused.retry_after, milliseconds(250));
  EXPECT_EQ(refused.status.message(), "the quota of shop is used up: 4/s, 2 at once");
  EXPECT_TRUE(Ask(Right::kInfer, other.text).ok()) << "which is not another's";
  clock.Advance(refused.retry_after);
  EXPECT_TRUE(Ask(Right::kInfer, key.text).ok());
  EXPECT_EQ(refusals().rate, 1U);
}

// Fault D3: requests in flight
TEST_F(GatekeeperTest, APlaceInFlightEndsWithItsRequest) {
  const NewKey key = Add({Role::kInfer}, std::nullopt, {.in_flight = 2});
  Open();
  const Admission first = Admit(Right::kInfer, key.text);
  {
    const Result<Place> second = Again(*first.caller);
    EXPECT_TRUE(second.ok());
    EXPECT_EQ(Ask(Right::kInfer, key.text).number(), errors::kQuotaUsed);
    EXPECT_EQ(Again(*first.caller).status().number(), errors::kQuotaUsed);
  }
  EXPECT_TRUE(Ask(Right::kInfer, key.text).ok());
  EXPECT_EQ(refusals().in_flight, 2U);
}

TEST_F(GatekeeperTest, WhatWasUsedIsNotForgottenWhenTheFileChanges) {
  const NewKey key = Add({Role::kInfer}, std::nullopt, {.rate = {.per_second = 1, .burst = 1}});
  Open();
  clock.Advance(seconds(1000));
  EXPECT_TRUE(Ask(Right::kInfer, key.text).ok());
  const NewKey another = Add({Role::kInfer});
  EXPECT_TRUE(Ask(Right::kInfer, another.text).ok()) << "it is read again";
  EXPECT_EQ(Ask(Right::kInfer, key.text).number(), errors::kQuotaUsed);
}

TEST_F(GatekeeperTest, WhoShowsNothingIsCountedByNetwork) {
  const NewKey key = Add({Role::kInfer});
  Open(Openness::kToThisMachine, {.rate = {.per_second = 1, .burst = 1}});
  clock.Advance(seconds(1000));
  EXPECT_TRUE(Admit(Right::kInfer, "", {}, 1).status.ok());
  EXPECT_EQ(Admit(Right::kInfer, "", {}, 1).status.number(), errors::kQuotaUsed);
  EXPECT_TRUE(Admit(Right::kInfer, "", {}, 2).status.ok());
  EXPECT_TRUE(Admit(Right::kInfer, key.text, {}, 1).status.ok()) << "a key has its own quota";
  EXPECT_EQ(Admit(Right::kInfer, "wrong", {}, 3).status.number(), errors::kKeyMissing);
  EXPECT_TRUE(Admit(Right::kNothing, "", {}, 1).status.ok()) << "health is not counted";
}

}  // namespace
}  // namespace slipway::access
