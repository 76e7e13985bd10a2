#include <gtest/gtest.h>

#include "base/error_catalogue.h"
#include "registry/registry.h"

namespace slipway::registry {
namespace {

const std::string kHex(64, 'a');

TEST(ParseReference, AModelAlone) {
  const Result<Reference> reference = ParseReference("mnist");
  ASSERT_TRUE(reference.ok());
  EXPECT_EQ(reference->model, "mnist");
  EXPECT_FALSE(reference->version || reference->package);
  EXPECT_EQ(reference->alias, "");
}

TEST(ParseReference, AVersion) { EXPECT_EQ(ParseReference("mnist:3")->version, 3); }

TEST(ParseReference, AnAlias) { EXPECT_EQ(ParseReference("mnist:prod")->alias, "prod"); }

TEST(ParseReference, LatestIsWhatNothingSays) {
  EXPECT_EQ(ParseReference("mnist:latest")->alias, "");
}

TEST(ParseReference, ADigest) {
  EXPECT_EQ(ParseReference("mnist@sha256:" + kHex)->package->Hex(), kHex);
}

// Bad input P2: a digest of 63 digits, in upper case or of another algorithm is refused
TEST(ParseReference, AnythingElseIsRefusedWithWhatToWriteInstead) {
  for (const std::string& text :
       {std::string(), std::string(":3"), std::string("a b"), std::string("../a"),
        std::string("mnist:"), std::string("mnist:0"), std::string("mnist:-1"),
        std::string("mnist:a/b"), std::string("mnist:99999999999999999999"), std::string("mnist@"),
        std::string("mnist@sha256:"), "mnist@sha256:" + std::string(63, 'a'),
        "mnist@sha256:" + std::string(65, 'a'), "mnist@sha256:" + std::string(64, 'A'),
        "mnist@md5:" + kHex, "mnist@sha256:../" + std::string(61, 'a'), "mnist@sha512:" + kHex,
        std::string("mnist\0", 6), std::string(200, 'm')}) {
    const Status status = ParseReference(text).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << text;
    EXPECT_EQ(status.number(), errors::kUsage) << text;
    EXPECT_NE(status.hint(), "") << text;
  }
}

}  // namespace
}  // namespace slipway::registry
