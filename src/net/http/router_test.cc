#include "net/http/router.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace slipway::net {
namespace {

using Outcome = RouteMatch::Outcome;

constexpr RouteRow kRows[] = {
    {Method::kGet, "/"},
    {Method::kGet, "/v1/models/{model}"},
    {Method::kPost, "/v1/models/{model}:predict"},
    {Method::kPost, "/v1/models/{model}/versions/{version}:predict"},
    {Method::kGet, "/v2/models/{model}"},
    {Method::kGet, "/v2/models/stats"},
    {Method::kPost, "/v2/models/{model}/versions/{version}/infer"},
    {Method::kPost, "/v2/repository/models/{model}/load"},
    {Method::kPost, "/v2/models/stats"},
};

RouteMatch Match(Method method, const std::vector<std::string_view>& segments) {
  static const Router router(kRows);
  return router.Match(method, segments);
}

TEST(Router, FindsTheRowOfALiteralPath) {
  const RouteMatch match = Match(Method::kGet, {});
  EXPECT_EQ(match.outcome, Outcome::kFound);
  EXPECT_EQ(match.row, 0u);
}

TEST(Router, CapturesWholeSegments) {
  const std::vector<std::string_view> segments = {"v2",       "models", "mnist",
                                                  "versions", "3",      "infer"};
  const RouteMatch match = Match(Method::kPost, segments);
  ASSERT_EQ(match.outcome, Outcome::kFound);
  EXPECT_EQ(match.row, 6u);
  EXPECT_EQ(match.captures["model"], "mnist");
  EXPECT_EQ(match.captures["version"], "3");
  EXPECT_EQ(match.captures["label"], "");
}

TEST(Router, CapturesBeforeAVerbInsideASegment) {
  const std::vector<std::string_view> segments = {"v1", "models", "mnist:predict"};
  const RouteMatch match = Match(Method::kPost, segments);
  ASSERT_EQ(match.outcome, Outcome::kFound);
  EXPECT_EQ(match.row, 2u);
  EXPECT_EQ(match.captures["model"], "mnist");
}

TEST(Router, TheMostSpecificPathDecidesBeforeTheMethod) {
  const RouteMatch match = Match(Method::kGet, {"v1", "models", "mnist:predict"});
  EXPECT_EQ(match.outcome, Outcome::kWrongMethod);
  EXPECT_EQ(match.allow, "POST");
}

TEST(Router, ALiteralGoesBeforeACapture) {
  EXPECT_EQ(Match(Method::kGet, {"v2", "models", "stats"}).row, 5u);
  EXPECT_EQ(Match(Method::kGet, {"v2", "models", "status"}).row, 4u);
}

TEST(Router, ACaptureIsNeverEmpty) {
  EXPECT_EQ(Match(Method::kGet, {"v2", "models", ""}).outcome, Outcome::kUnknownPath);
  // ":predict" alone is a model's name, and no name.
  EXPECT_EQ(Match(Method::kPost, {"v1", "models", ":predict"}).outcome, Outcome::kWrongMethod);
}

TEST(Router, HeadIsServedByGet) {
  EXPECT_EQ(Match(Method::kHead, {"v2", "models", "stats"}).row, 5u);
  EXPECT_EQ(Match(Method::kHead, {"v2", "repository", "models", "a", "load"}).outcome,
            Outcome::kWrongMethod);
}

TEST(Router, AKnownPathSaysWhichMethodsItAllows) {
  const RouteMatch match = Match(Method::kDelete, {"v2", "models", "stats"});
  EXPECT_EQ(match.outcome, Outcome::kWrongMethod);
  EXPECT_EQ(match.allow, "GET, HEAD, POST");
}

// Bad input H15: an unknown method is 405 with Allow on a known path and 501 elsewhere
TEST(Router, AnUnknownMethodIsToldByThePath) {
  EXPECT_EQ(Match(Method::kOther, {"v2", "models", "stats"}).outcome, Outcome::kWrongMethod);
  EXPECT_EQ(Match(Method::kOther, {"nowhere"}).outcome, Outcome::kUnknownMethod);
}

TEST(Router, AnUnknownPathIsUnknown) {
  EXPECT_EQ(Match(Method::kGet, {"v2"}).outcome, Outcome::kUnknownPath);
  EXPECT_EQ(Match(Method::kGet, {"v2", "models", "a", "b"}).outcome, Outcome::kUnknownPath);
}

TEST(RouterDeathTest, AMalformedPatternEndsTheProgram) {
  const RouteRow rows[] = {{Method::kGet, "/v2/{model"}};
  EXPECT_DEATH(Router{rows}, "");
}

}  // namespace
}  // namespace slipway::net
