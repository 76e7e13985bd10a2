#include "serve/control/load_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::serve {
namespace {

using testing::ElementsAre;

const std::vector<std::int64_t> kAvailable = {1, 2, 5};

TEST(ChooseVersions, TakesTheHighestByDefault) {
  EXPECT_THAT(ChooseVersions({}, kAvailable).value(), ElementsAre(5));
}

TEST(ChooseVersions, TakesSeveralOfTheLatest) {
  EXPECT_THAT(ChooseVersions({.count = 2}, kAvailable).value(), ElementsAre(2, 5));
  EXPECT_THAT(ChooseVersions({.count = 9}, kAvailable).value(), ElementsAre(1, 2, 5));
}

TEST(ChooseVersions, TakesAll) {
  EXPECT_THAT(ChooseVersions({.kind = VersionChoice::Kind::kAll}, kAvailable).value(),
              ElementsAre(1, 2, 5));
}

TEST(ChooseVersions, TakesTheVersionsAskedFor) {
  const VersionChoice choice{.kind = VersionChoice::Kind::kSpecific, .versions = {5, 1}};
  EXPECT_THAT(ChooseVersions(choice, kAvailable).value(), ElementsAre(1, 5));
}

TEST(ChooseVersions, NamesAVersionThatIsNotThere) {
  const Status missing =
      ChooseVersions({.kind = VersionChoice::Kind::kSpecific, .versions = {3}}, kAvailable)
          .status();
  EXPECT_EQ(missing.code(), Code::kNotFound);
  EXPECT_EQ(missing.message(), "there is no version 3");
}

}  // namespace
}  // namespace slipway::serve
