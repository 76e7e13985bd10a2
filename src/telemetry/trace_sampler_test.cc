#include "telemetry/trace_sampler.h"

#include <gtest/gtest.h>

#include <string_view>

namespace slipway::telemetry {
namespace {

constexpr std::string_view kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceSampler, DoesAsTheCallerSays) {
  TraceSampler all(1, true);
  TraceSampler none(0, true);
  auto parent = ParseTraceparent(kParent);
  EXPECT_TRUE(none.SpanFor(parent)->is_sampled);
  EXPECT_TRUE(all.SpanFor(std::nullopt)->is_sampled);
  EXPECT_FALSE(none.SpanFor(std::nullopt)->is_sampled);
  parent->is_sampled = false;
  EXPECT_FALSE(all.SpanFor(parent)->is_sampled);
}

TEST(TraceSampler, WithoutAnExporterATraceIsItsCallersOnly) {
  TraceSampler sampler(1, false);
  EXPECT_FALSE(sampler.SpanFor(std::nullopt).has_value());
  const auto span = sampler.SpanFor(ParseTraceparent(kParent));
  EXPECT_EQ(ToHex(span->trace_id), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_FALSE(span->is_sampled);
}

TEST(TraceSampler, TakesItsShare) {
  TraceSampler sampler(0.25, true);
  int sampled = 0;
  for (int i = 0; i < 4000; ++i) sampled += sampler.SpanFor(std::nullopt)->is_sampled ? 1 : 0;
  EXPECT_NEAR(sampled, 1000, 200);
}

bool IsSampled(TraceSampler& sampler, std::string_view model = {}) {
  const auto span = sampler.SpanFor(std::nullopt, model);
  return span.has_value() && span->is_sampled;
}

TEST(TraceSampler, WishesChangeWhatIsSampled) {
  TraceSampler sampler(0, true);
  EXPECT_FALSE(IsSampled(sampler));
  EXPECT_TRUE(sampler.Wish("", {.share = 1}));
  EXPECT_TRUE(IsSampled(sampler));
  EXPECT_TRUE(sampler.Wish("", {.is_on = false, .share = 1}));
  EXPECT_FALSE(IsSampled(sampler));
  EXPECT_FALSE(sampler.SpanFor(ParseTraceparent(kParent))->is_sampled);
  EXPECT_TRUE(sampler.Wish("", {}));
  EXPECT_EQ(sampler.RuleFor("").share, 0);
}

TEST(TraceSampler, AModelIsAsAllAreWhereItHasNoWish) {
  TraceSampler sampler(0, true);
  sampler.Wish("m", {.share = 1});
  EXPECT_TRUE(IsSampled(sampler, "m"));
  EXPECT_FALSE(IsSampled(sampler, "n"));
  sampler.Wish("", {.is_on = false});
  EXPECT_FALSE(IsSampled(sampler, "m"));
  EXPECT_EQ(sampler.RuleFor("m").share, 1);
}

TEST(TraceSampler, StopsWhenTheCountHasRunOut) {
  TraceSampler sampler(1, true);
  sampler.Wish("", {.count = 2});
  EXPECT_TRUE(IsSampled(sampler, "m"));
  EXPECT_TRUE(sampler.SpanFor(ParseTraceparent(kParent), "n")->is_sampled);
  EXPECT_FALSE(IsSampled(sampler, "m"));
  EXPECT_TRUE(IsSampled(sampler));
  sampler.Wish("m", {.count = 1});
  EXPECT_TRUE(IsSampled(sampler, "m"));
  EXPECT_FALSE(IsSampled(sampler, "m"));
  sampler.Wish("n", {.count = -1});
  EXPECT_TRUE(IsSampled(sampler, "n"));
  EXPECT_EQ(sampler.RuleFor("m").count, 0);
}

}  // namespace
}  // namespace slipway::telemetry
