#include "access/grant_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "access/secret.h"
#include "base/error_catalogue.h"
#include "base/file.h"

namespace slipway::access {
namespace {

class GrantFileTest : public testing::Test {
 protected:
  Result<NewKey> Add(std::string name, std::vector<Role> roles = {Role::kInfer}) {
    return AddKey(folder(), {.name = std::move(name), .roles = std::move(roles)}, 1000);
  }
  std::vector<Grant> Grants() { return ReadGrants(folder()).value(); }
  const std::string& folder() const { return store_.path(); }

 private:
  TemporaryDirectory store_ = TemporaryDirectory::Create("keys").value();
};

TEST_F(GrantFileTest, KeepsAKeyWithoutKeepingItsText) {
  EXPECT_TRUE(Grants().empty());
  const NewKey made =
      AddKey(folder(),
             {.name = "shop", .roles = {Role::kInfer, Role::kRead}, .expires_unix_seconds = 2000},
             1000)
          .value();
  EXPECT_EQ(KeyId(made.text), made.grant.id);
  const std::string file = ReadFile(GrantFilePath(folder())).value();
  EXPECT_EQ(file.find(made.text), std::string::npos);
  EXPECT_EQ(file.find(made.text.substr(made.text.size() - 64)), std::string::npos);
  const Grant kept = Grants().at(0);
  EXPECT_EQ(kept.name, "shop");
  EXPECT_EQ(kept.roles, (std::vector{Role::kInfer, Role::kRead}));
  EXPECT_TRUE(HasDigest(made.text, std::get<Digest>(kept.credential)));
  EXPECT_FALSE(kept.IsExpired(1999));
  EXPECT_TRUE(kept.IsExpired(2000));
}

TEST_F(GrantFileTest, KeepsWhatACertificateMayDo) {
  const Quota quota{.rate = {.per_second = 0.5, .burst = 3}, .in_flight = 7};
  const GrantTerms terms{.name = "till", .roles = {Role::kRead}, .quota = quota};
  ASSERT_TRUE(AddCertificate(folder(), terms, "URI:spiffe://shop/till", 1000).ok());
  const Grant kept = Grants().at(0);
  EXPECT_EQ(std::get<CertificateName>(kept.credential).text, "URI:spiffe://shop/till");
  EXPECT_EQ(kept.quota, quota);
  EXPECT_TRUE(kept.Allows(Right::kObserve));
  EXPECT_FALSE(kept.Allows(Right::kInfer));
  EXPECT_EQ(AddCertificate(folder(), terms, "URI:spiffe://shop/till", 1000).status().code(),
            Code::kAlreadyExists);
}

TEST_F(GrantFileTest, RefusesWhatIsNoNameInACertificate) {
  const GrantTerms terms{.name = "till", .roles = {Role::kRead}};
  for (const std::string& name : {std::string(), std::string("till"), std::string("CN:"),
                                  std::string("CN:a b"), "CN:" + std::string(257, 'a')})
    EXPECT_EQ(AddCertificate(folder(), terms, name, 1000).status().number(), errors::kUsage)
        << name;
}

TEST_F(GrantFileTest, OnlyItsOwnerReadsIt) {
  ASSERT_TRUE(Add("shop").ok());
  struct stat file{};
  ASSERT_EQ(stat(GrantFilePath(folder()).c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777u, 0600u);
}

TEST_F(GrantFileTest, ForgetsAKeyByIdOrByItsOnlyName) {
  const std::string first = Add("shop")->grant.id;
  ASSERT_TRUE(Add("shop").ok());
  ASSERT_TRUE(Add("till").ok());
  EXPECT_EQ(RemoveGrant(folder(), "shop").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(RemoveGrant(folder(), first)->id, first);
  EXPECT_EQ(RemoveGrant(folder(), "shop")->name, "shop");
  EXPECT_EQ(RemoveGrant(folder(), "shop").status().code(), Code::kNotFound);
  ASSERT_EQ(Grants().size(), 1u);
  EXPECT_EQ(Grants()[0].name, "till");
}

TEST_F(GrantFileTest, RefusesNamesThatNobodyCouldRead) {
  for (const std::string& name : {std::string(), std::string(65, 'a'), std::string("a b"),
                                  std::string("a\nb"), std::string("\x1b[31m")})
    EXPECT_EQ(Add(name).status().number(), errors::kUsage) << name;
  EXPECT_EQ(Add("shop", {}).status().number(), errors::kUsage);
}

TEST_F(GrantFileTest, ThoseWhoAddAtOneTimeTakeTurns) {
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([this, i] { EXPECT_TRUE(Add("key" + std::to_string(i)).ok()); });
  }
  EXPECT_EQ(Grants().size(), 8u);
}

TEST_F(GrantFileTest, ADamagedFileIsSaidToBe) {
  const char* const kDamaged[] = {
      "",
      "{",
      "[]",
      "{}",
      R"({"keys":{}})",
      R"({"keys":[1]})",
      R"({"keys":[{}]})",
      R"({"keys":[{"id":"zz","name":"a","roles":["infer"],"sha256":"00"}]})",
      R"({"keys":[{"id":"0123abcd","name":"a","roles":["infer"]}]})",
      R"({"keys":[{"id":"0123abcd","name":"a","roles":["infer"],"certificate":7}]})",
      R"({"keys":[{"id":"0123abcd","name":"a","roles":["infer"],"certificate":"CN:a","quota":1}]})",
      R"({"keys":[{"id":"0123abcd","name":"a","roles":["infer"],"certificate":"CN:a",
          "quota":{"per_second":0,"burst":1}}]})",
      R"({"keys":[{"id":"0123abcd","name":"a","roles":["infer"],"certificate":"CN:a",
          "quota":{"per_second":1}}]})",
      R"({"keys":[{"id":"0123abcd","name":"a","roles":["infer"],"certificate":"CN:a",
          "quota":{"in_flight":-1}}]})",
  };
  for (const char* text : kDamaged) {
    ASSERT_TRUE(WriteFileAtomically(GrantFilePath(folder()), text).ok());
    EXPECT_EQ(ReadGrants(folder()).status().code(), Code::kDataLoss) << text;
    EXPECT_EQ(Add("shop").status().code(), Code::kDataLoss) << text;
  }
}

TEST(KeyId, IsThatOfAKeyAndOfNothingElse) {
  const std::string secret(64, 'a');
  EXPECT_EQ(KeyId("slw_key_0123abcd_" + secret), "0123abcd");
  for (const std::string& text :
       {std::string(), secret, "slw_key_0123abcd" + secret, "slw_key_0123abcd_" + secret + "a",
        "slw_key_0123ABCD_" + secret, "slw_admin_" + secret, "slw_key_0123abcd-" + secret})
    EXPECT_EQ(KeyId(text), "") << text;
}

}  // namespace
}  // namespace slipway::access
