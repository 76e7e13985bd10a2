#include "telemetry/trace_context.h"

#include <gtest/gtest.h>

#include <string>

namespace slipway::telemetry {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kSpan = "b7ad6b7169203331";
const std::string kGood = "00-" + kTrace + "-" + kSpan + "-01";

TEST(TraceContext, ReadsTheExampleOfTheRecommendation) {
  const auto context = ParseTraceparent(kGood);
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(ToHex(context->trace_id), kTrace);
  EXPECT_EQ(ToHex(context->parent_id), kSpan);
  EXPECT_TRUE(context->is_sampled);
}

TEST(TraceContext, OnlyTheLastBitOfTheFlagsSaysSampled) {
  EXPECT_FALSE(ParseTraceparent("00-" + kTrace + "-" + kSpan + "-02")->is_sampled);
  EXPECT_TRUE(ParseTraceparent("00-" + kTrace + "-" + kSpan + "-ff")->is_sampled);
}

TEST(TraceContext, ALaterVersionIsReadAsFarAsTheFirstDefinedIt) {
  EXPECT_EQ(ParseTraceparent("cc-" + kTrace + "-" + kSpan + "-01-what-the-future"),
            ParseTraceparent(kGood));
  EXPECT_EQ(ParseTraceparent("cc-" + kTrace + "-" + kSpan + "-01"), ParseTraceparent(kGood));
}

TEST(TraceContext, WhatIsNoTraceparentIsIgnored) {
  const std::string zeros(32, '0');
  for (const std::string& text : {
           std::string(),
           std::string("00"),
           kGood.substr(0, 54),
           kGood + "-",
           kGood + "0",
           "ff-" + kTrace + "-" + kSpan + "-01",
           "cc-" + kTrace + "-" + kSpan + "-01.what",
           "00-" + zeros + "-" + kSpan + "-01",
           "00-" + kTrace + "-" + zeros.substr(16) + "-01",
           "00-0AF7651916CD43DD8448EB211C80319C-" + kSpan + "-01",
           "00-" + kTrace + "-" + kSpan + "-0x",
           "00_" + kTrace + "-" + kSpan + "-01",
           std::string(55, '\0'),
       })
    EXPECT_FALSE(ParseTraceparent(text).has_value()) << text;
}

TEST(TraceContext, KnowsATracestate) {
  EXPECT_TRUE(IsTracestate("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"));
  EXPECT_TRUE(IsTracestate("fw529a3039@dt=FfAlM0, ,a=b"));
}

TEST(TraceContext, WhatIsNoTracestateIsDropped) {
  std::string many;
  for (int i = 0; i < 33; ++i) many += "k" + std::to_string(i) + "=v,";
  for (const std::string& text :
       {std::string(), std::string("a"), std::string("a="), std::string("A=b"),
        std::string("a=b,a=c"), std::string("a=b=c"), "a=" + std::string(257, 'x'), many,
        "a=b," + std::string(600, ' ')})
    EXPECT_FALSE(IsTracestate(text)) << text;
}

}  // namespace
}  // namespace slipway::telemetry
