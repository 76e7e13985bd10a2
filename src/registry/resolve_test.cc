#include "registry/resolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"

namespace slipway::registry {
namespace {

using ::testing::HasSubstr;

Digest DigestOf(char letter) { return *ParseDigest(std::string(64, letter)); }

const std::vector<ModelVersion> kVersions = {
    {.model = "m", .version = 1, .package = DigestOf('a'), .aliases = {"prod", "stable"}},
    {.model = "m", .version = 3, .package = DigestOf('b'), .aliases = {"canary"}},
    {.model = "m", .version = 4, .package = DigestOf('a')},
};

std::int64_t Picked(const Reference& reference) {
  const Result<ModelVersion> picked = PickVersion(reference, kVersions);
  return picked.ok() ? picked->version : 0;
}

TEST(PickVersion, TheNewestWhenNothingIsSaid) { EXPECT_EQ(Picked({.model = "m"}), 4); }
TEST(PickVersion, ANumber) { EXPECT_EQ(Picked({.model = "m", .version = 3}), 3); }
TEST(PickVersion, AnAlias) { EXPECT_EQ(Picked({.model = "m", .alias = "stable"}), 1); }
TEST(PickVersion, TheNewestOfADigest) {
  EXPECT_EQ(Picked({.model = "m", .package = DigestOf('a')}), 4);
}

TEST(PickVersion, AMissingNumberNamesTheOthers) {
  const Status status = PickVersion({.model = "m", .version = 2}, kVersions).status();
  EXPECT_EQ(status.number(), errors::kModelNotFound);
  EXPECT_THAT(status.hint(), HasSubstr("4, 3, 1"));
}

TEST(PickVersion, AMistypedAliasIsOfferedTheNearest) {
  const Status status = PickVersion({.model = "m", .alias = "canari"}, kVersions).status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_THAT(status.hint(), HasSubstr("m:canary"));
}

TEST(PickVersion, AnUnknownDigest) {
  EXPECT_EQ(PickVersion({.model = "m", .package = DigestOf('c')}, kVersions).status().code(),
            Code::kNotFound);
}

TEST(NoSuchModel, OffersTheNearestName) {
  const std::vector<std::string> names{"fashion", "mnist"};
  EXPECT_THAT(NoSuchModel("mnits", names).hint(), HasSubstr("mnist?"));
  EXPECT_THAT(NoSuchModel("zebra", names).hint(), HasSubstr("slipway ls"));
}

TEST(CheckAlias, WordsPass) {
  for (const char* alias : {"prod", "v1.2", "2-canary"}) EXPECT_TRUE(CheckAlias(alias).ok());
}

TEST(CheckAlias, WhatWouldReadAsSomethingElseDoesNot) {
  for (const char* alias : {"latest", "12", "", "a/b", "-x", "a:b"}) {
    EXPECT_EQ(CheckAlias(alias).number(), errors::kUsage) << alias;
  }
}

}  // namespace
}  // namespace slipway::registry
