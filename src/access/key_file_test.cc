#include "access/key_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "access/secret.h"
#include "base/error_catalogue.h"
#include "base/file.h"

namespace slipway::access {
namespace {

class KeyFileTest : public testing::Test {
 protected:
  Result<NewApiKey> Add(std::string_view name, std::vector<Role> roles = {Role::kInfer}) {
    return AddApiKey(folder(), name, std::move(roles), 1000, std::nullopt);
  }
  std::vector<ApiKey> Keys() { return ReadApiKeys(folder()).value(); }
  const std::string& folder() const { return store_.path(); }

 private:
  TemporaryDirectory store_ = TemporaryDirectory::Create("keys").value();
};

TEST_F(KeyFileTest, KeepsAKeyWithoutKeepingItsText) {
  EXPECT_TRUE(Keys().empty());
  const NewApiKey made =
      AddApiKey(folder(), "shop", {Role::kInfer, Role::kRead}, 1000, 2000).value();
  EXPECT_EQ(ApiKeyId(made.text), made.key.id);
  const std::string file = ReadFile(KeyFilePath(folder())).value();
  EXPECT_EQ(file.find(made.text), std::string::npos);
  EXPECT_EQ(file.find(made.text.substr(made.text.size() - 64)), std::string::npos);
  const ApiKey kept = Keys().at(0);
  EXPECT_EQ(kept.name, "shop");
  EXPECT_EQ(kept.roles, (std::vector{Role::kInfer, Role::kRead}));
  EXPECT_TRUE(HasDigest(made.text, kept.digest));
  EXPECT_FALSE(kept.IsExpired(1999));
  EXPECT_TRUE(kept.IsExpired(2000));
}

TEST_F(KeyFileTest, OnlyItsOwnerReadsIt) {
  ASSERT_TRUE(Add("shop").ok());
  struct stat file{};
  ASSERT_EQ(stat(KeyFilePath(folder()).c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777u, 0600u);
}

TEST_F(KeyFileTest, ForgetsAKeyByIdOrByItsOnlyName) {
  const std::string first = Add("shop")->key.id;
  ASSERT_TRUE(Add("shop").ok());
  ASSERT_TRUE(Add("till").ok());
  EXPECT_EQ(RemoveApiKey(folder(), "shop").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(RemoveApiKey(folder(), first)->id, first);
  EXPECT_EQ(RemoveApiKey(folder(), "shop")->name, "shop");
  EXPECT_EQ(RemoveApiKey(folder(), "shop").status().code(), Code::kNotFound);
  ASSERT_EQ(Keys().size(), 1u);
  EXPECT_EQ(Keys()[0].name, "till");
}

TEST_F(KeyFileTest, RefusesNamesThatNobodyCouldRead) {
  for (const std::string& name : {std::string(), std::string(65, 'a'), std::string("a b"),
                                  std::string("a\nb"), std::string("\x1b[31m")})
    EXPECT_EQ(Add(name).status().number(), errors::kUsage) << name;
  EXPECT_EQ(Add("shop", {}).status().number(), errors::kUsage);
}

TEST_F(KeyFileTest, ThoseWhoAddAtOneTimeTakeTurns) {
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([this, i] { EXPECT_TRUE(Add("key" + std::to_string(i)).ok()); });
  }
  EXPECT_EQ(Keys().size(), 8u);
}

TEST_F(KeyFileTest, ADamagedFileIsSaidToBe) {
  const char* const kDamaged[] = {
      "",
      "{",
      "[]",
      "{}",
      R"({"keys":{}})",
      R"({"keys":[1]})",
      R"({"keys":[{}]})",
      R"({"keys":[{"id":"zz","name":"a","roles":["infer"],"sha256":"00"}]})",
  };
  for (const char* text : kDamaged) {
    ASSERT_TRUE(WriteFileAtomically(KeyFilePath(folder()), text).ok());
    EXPECT_EQ(ReadApiKeys(folder()).status().code(), Code::kDataLoss) << text;
    EXPECT_EQ(Add("shop").status().code(), Code::kDataLoss) << text;
  }
}

TEST(ApiKeyId, IsThatOfAKeyAndOfNothingElse) {
  const std::string secret(64, 'a');
  EXPECT_EQ(ApiKeyId("slw_key_0123abcd_" + secret), "0123abcd");
  for (const std::string& text :
       {std::string(), secret, "slw_key_0123abcd" + secret, "slw_key_0123abcd_" + secret + "a",
        "slw_key_0123ABCD_" + secret, "slw_admin_" + secret, "slw_key_0123abcd-" + secret})
    EXPECT_EQ(ApiKeyId(text), "") << text;
}

}  // namespace
}  // namespace slipway::access
