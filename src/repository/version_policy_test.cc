#include "repository/version_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::repository {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = VersionPolicy::Kind;

const std::vector<std::int64_t> kAvailable = {1, 3, 20};

TEST(SelectVersions, TheLatestAreTheHighestNumbers) {
  EXPECT_THAT(SelectVersions({}, kAvailable).versions, ElementsAre(20));
  EXPECT_THAT(SelectVersions({.count = 2}, kAvailable).versions, ElementsAre(3, 20));
  EXPECT_THAT(SelectVersions({.count = 9}, kAvailable).versions, ElementsAre(1, 3, 20));
  EXPECT_THAT(SelectVersions({}, {}).versions, IsEmpty());
}

TEST(SelectVersions, AllIsEveryFolder) {
  EXPECT_THAT(SelectVersions({.kind = Kind::kAll}, kAvailable).versions, ElementsAre(1, 3, 20));
}

TEST(SelectVersions, OfSpecificOnesThoseThatAreThereAreServedAndTheOthersNamed) {
  const SelectedVersions selected =
      SelectVersions({.kind = Kind::kSpecific, .versions = {20, 2, 1, 20}}, kAvailable);
  EXPECT_THAT(selected.versions, ElementsAre(1, 20));
  EXPECT_THAT(selected.missing, ElementsAre(2));
}

TEST(VersionPolicyText, SaysWhatIsServed) {
  EXPECT_EQ(ToString(VersionPolicy{.count = 2}), "latest 2");
  EXPECT_EQ(ToString(VersionPolicy{.kind = Kind::kSpecific, .versions = {1, 3}}), "specific 1, 3");
}

}  // namespace
}  // namespace slipway::repository
