// Logins: how passwords are kept, checked and remembered.

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "access/gatekeeper.h"
#include "access/grant_file.h"
#include "access/password.h"
#include "base/error_catalogue.h"
#include "base/fake_clock.h"
#include "base/file.h"

namespace slipway::access {
namespace {

constexpr std::string_view kPassword = "correct horse battery";
// "shop:correct horse battery", "shop:wrong horse battery", "nobody:correct horse battery"
constexpr std::string_view kRight = "Basic c2hvcDpjb3JyZWN0IGhvcnNlIGJhdHRlcnk=";
constexpr std::string_view kWrong = "Basic c2hvcDp3cm9uZyBob3JzZSBiYXR0ZXJ5";
constexpr std::string_view kNobody = "Basic bm9ib2R5OmNvcnJlY3QgaG9yc2UgYmF0dGVyeQ==";

TEST(Password, IsKeptByAHashThatIsAnotherEachTime) {
  const std::string hash = HashPassword(kPassword).value();
  EXPECT_TRUE(IsPasswordHash(hash));
  EXPECT_EQ(hash.find("horse"), std::string::npos);
  EXPECT_TRUE(IsPasswordOf(kPassword, hash));
  EXPECT_FALSE(IsPasswordOf("correct horse batterz", hash));
  EXPECT_NE(HashPassword(kPassword).value(), hash);
  EXPECT_TRUE(IsPasswordHash(NobodysPasswordHash()));
  EXPECT_FALSE(IsPasswordOf("", NobodysPasswordHash()));
}

TEST(Password, MatchesTheVectorOfRfc7914) {
  // The RFC's third vector has N = 16384, r = 8, p = 1; salts of ours are 32 hexadecimal digits, so
  // this one was made by Python: hashlib.scrypt(b"pleaseletmein", salt=b"0" * 32, n=16384, r=8,
  // p=1, dklen=32).
  EXPECT_TRUE(IsPasswordOf("pleaseletmein",
                           "scrypt$16384$8$1$00000000000000000000000000000000$"
                           "0e032e46762de468808a179cf7c4b9b7baa43ff2b690f26c5305b5d33c9fa9e5"));
}

TEST(Password, RefusesWhatNobodyCouldTypeOrAnybodyGuess) {
  for (const std::string& password :
       {std::string("short"), std::string(257, 'a'), std::string("two\nlines of it"),
        std::string("with\0nul inside", 15)})
    EXPECT_EQ(HashPassword(password).status().number(), errors::kUsage) << password;
}

TEST(Password, AHashOfAnUnboundedCostIsNone) {
  const std::string tail = "$" + std::string(32, '0') + "$" + std::string(64, '0');
  EXPECT_TRUE(IsPasswordHash("scrypt$1024$1$1" + tail));
  for (const char* const cost :
       {"scrypt$2097152$8$1", "scrypt$1000$8$1", "scrypt$1024$17$1", "scrypt$1024$1$17",
        "scrypt$-1$1$1", "scrypt$1024$1$", "bcrypt$1024$1$1"})
    EXPECT_FALSE(IsPasswordHash(cost + tail)) << cost;
}

struct FakeHead {
  const std::string_view* Find(std::string_view name) const {
    return name == "authorization" ? &authorization : nullptr;
  }
  bool Repeated(std::string_view) const { return false; }

  std::string_view authorization;
  const std::vector<std::string>* certificate = nullptr;
  std::uint64_t network = 1;
};

class LoginTest : public testing::Test {
 protected:
  LoginTest() {
    const GrantTerms terms{.name = "shop", .roles = {Role::kInfer}};
    EXPECT_TRUE(AddLogin(store_.path(), terms, kPassword, 0).ok());
    gate_ = Gatekeeper::ForStore(store_.path(), {}, clock).value();
    clock.Advance(std::chrono::hours(1));
  }
  Admission Ask(Right right, std::string_view authorization, std::uint64_t network = 1) {
    return gate_->Admit(right, FakeHead{.authorization = authorization, .network = network});
  }
  /// The same, and waits for the check if there is one.
  Admission AskAndWait(Right right, std::string_view authorization) {
    Admission first = Ask(right, authorization);
    if (!first.status.ok() || first.caller->unchecked == nullptr) return first;
    std::promise<Admission> promise;
    gate_->Check(*first.caller,
                 [&](Admission admission) { promise.set_value(std::move(admission)); });
    return promise.get_future().get();
  }
  const std::string& store() const { return store_.path(); }

  FakeClock clock;

 private:
  TemporaryDirectory store_ = TemporaryDirectory::Create("login").value();
  std::shared_ptr<const Gatekeeper> gate_;
};

TEST_F(LoginTest, IsHeldToItsRoles) {
  const Admission admission = AskAndWait(Right::kInfer, kRight);
  ASSERT_TRUE(admission.status.ok()) << admission.status.ToString();
  EXPECT_EQ(admission.caller->kind, CallerKind::kLogin);
  EXPECT_EQ(admission.caller->name, "shop");
  EXPECT_EQ(AskAndWait(Right::kAdminister, kRight).status.number(), errors::kRoleMissing);
}

TEST_F(LoginTest, AWrongPasswordAndAWrongUserAreToldAlike) {
  const Status wrong = AskAndWait(Right::kInfer, kWrong).status;
  const Status nobody = AskAndWait(Right::kInfer, kNobody).status;
  EXPECT_EQ(wrong.number(), errors::kKeyMissing);
  EXPECT_EQ(wrong.ToString(), nobody.ToString());
}

TEST_F(LoginTest, IsCheckedOnceInTenMinutes) {
  ASSERT_TRUE(AskAndWait(Right::kInfer, kRight).status.ok());
  EXPECT_EQ(Ask(Right::kInfer, kRight).caller->unchecked, nullptr) << "it is remembered";
  EXPECT_NE(Ask(Right::kInfer, kWrong).caller->unchecked, nullptr) << "and no other";
  clock.Advance(std::chrono::minutes(10));
  EXPECT_NE(Ask(Right::kInfer, kRight).caller->unchecked, nullptr);
}

TEST_F(LoginTest, WhatWasTakenBackIsNotRemembered) {
  ASSERT_TRUE(AskAndWait(Right::kInfer, kRight).status.ok());
  ASSERT_TRUE(RemoveGrant(store(), "shop").ok());
  clock.Advance(std::chrono::seconds(1));
  EXPECT_EQ(AskAndWait(Right::kInfer, kRight).status.number(), errors::kKeyMissing);
  const GrantTerms terms{.name = "shop", .roles = {Role::kInfer}};
  ASSERT_TRUE(AddLogin(store(), terms, "another password", 0).ok());
  clock.Advance(std::chrono::seconds(1));
  EXPECT_EQ(AskAndWait(Right::kInfer, kRight).status.number(), errors::kKeyMissing);
}

TEST_F(LoginTest, WhoGuessesIsSoonNotCheckedAnyMore) {
  int checked = 0;
  Admission last;
  for (int i = 0; i < 100; ++i) {
    last = Ask(Right::kInfer, kWrong, 7);
    checked += last.status.ok();
  }
  EXPECT_EQ(checked, 20);
  EXPECT_EQ(last.status.number(), errors::kQuotaUsed);
  EXPECT_EQ(last.retry_after, std::chrono::seconds(3));
  EXPECT_TRUE(Ask(Right::kInfer, kRight, 8).status.ok()) << "others are";
}

// Bad input S4: an Authorization header of Basic that is no login
TEST_F(LoginTest, WhatIsNoLoginIsRefusedUnchecked) {
  for (const std::string_view header :
       {"Basic", "Basic ", "Basic !!!!", "Basic c2hvcA==", "Basic OnBhc3N3b3Jk",
        "Basic ====", "Basic c2hvcDpj=", "Digest c2hvcDpj"}) {
    const Status refusal = Ask(Right::kInfer, header).status;
    EXPECT_EQ(refusal.number(), errors::kKeyMissing) << header;
  }
  EXPECT_EQ(Ask(Right::kInfer, "Basic " + std::string(516, 'A')).status.number(),
            errors::kKeyMissing);
}

TEST_F(LoginTest, AUserHasOnePassword) {
  const GrantTerms terms{.name = "shop", .roles = {Role::kRead}};
  EXPECT_EQ(AddLogin(store(), terms, kPassword, 0).status().code(), Code::kAlreadyExists);
  EXPECT_EQ(
      AddLogin(store(), {.name = "a:b", .roles = {Role::kRead}}, kPassword, 0).status().number(),
      errors::kUsage);
}

}  // namespace
}  // namespace slipway::access
