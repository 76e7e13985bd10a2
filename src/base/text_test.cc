#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace slipway {
namespace {

using ::testing::ElementsAre;

TEST(ParseInt64, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(ParseInt64("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  for (const std::string_view text :
       {"", "-", "+1", " 1", "1 ", "1x", "0x1", "9223372036854775808"}) {
    EXPECT_EQ(ParseInt64(text), std::nullopt) << text;
  }
}

TEST(ParseUint64, HasNoSign) {
  EXPECT_EQ(ParseUint64("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  for (const std::string_view text : {"-1", "-0", "18446744073709551616"}) {
    EXPECT_EQ(ParseUint64(text), std::nullopt) << text;
  }
}

TEST(ParseDouble, RefusesWhatNoDoubleHolds) {
  EXPECT_EQ(ParseDouble("-1.5e3"), -1500.0);
  for (const std::string_view text : {"", "1e400", "1.5,", "0x1p3", " 1"}) {
    EXPECT_EQ(ParseDouble(text), std::nullopt) << text;
  }
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_THAT(Split("a,,b,", ','), ElementsAre("a", "", "b", ""));
  EXPECT_THAT(Split("", ','), ElementsAre(""));
}

TEST(Trim, TakesSpaceFromBothEndsOnly) {
  EXPECT_EQ(Trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(Trim(" \n"), "");
}

TEST(EqualsIgnoreCase, FoldsAsciiOnly) {
  EXPECT_TRUE(EqualsIgnoreCase("Content-Length", "content-lENGTH"));
  EXPECT_FALSE(EqualsIgnoreCase("a", "ab"));
  EXPECT_FALSE(EqualsIgnoreCase("\xc3\x84", "\xc3\xa4"));  // A and a with two dots
}

TEST(DidYouMean, FindsTheNearestWordThatIsNearEnough) {
  const std::string words[] = {"serve", "inspect", "import"};
  EXPECT_EQ(DidYouMean("sevre", words), "serve");
  EXPECT_EQ(DidYouMean("IMPRT", words), "import");
  EXPECT_EQ(DidYouMean("quantize", words), std::nullopt);
}

TEST(DidYouMean, DoesNotSpendTimeOnEndlessWords) {
  const std::string words[] = {std::string(65, 'a')};
  EXPECT_EQ(DidYouMean(std::string(65, 'a'), words), std::nullopt);
}

TEST(HumanBytes, PicksTheUnit) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(1023), "1023 B");
  EXPECT_EQ(HumanBytes(1536), "1.5 KiB");
  EXPECT_EQ(HumanBytes(std::uint64_t{5} << 40), "5.0 TiB");
}

TEST(HumanSeconds, PicksTheUnit) {
  EXPECT_EQ(HumanSeconds(850e-9), "850 ns");
  EXPECT_EQ(HumanSeconds(0.0415), "41.5 ms");
  EXPECT_EQ(HumanSeconds(0.9999), "1 s");
  EXPECT_EQ(HumanSeconds(0.0009999), "1 ms");
  EXPECT_EQ(HumanSeconds(180), "3 min");
}

TEST(IsUtf8, TakesEveryLength) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
}

// Bad input J4: overlong forms, surrogates, cut sequences and points beyond U+10FFFF are no UTF-8
TEST(IsUtf8, RefusesMalformedSequences) {
  for (const std::string_view text :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xc3(", "\xff"}) {
    EXPECT_FALSE(IsUtf8(text)) << ::testing::PrintToString(text);
  }
}

TEST(IsModelName, AllowsLettersDigitsDotsDashesAndUnderscores) {
  for (const std::string_view name : {"a", "0", "ResNet-50_v1.5", "CON"}) {
    EXPECT_TRUE(IsModelName(name)) << name;
  }
  EXPECT_TRUE(IsModelName(std::string(128, 'a')));
}

// Bad input J7: empty, spaced, climbing, slashed, NUL, overlong and look-alike names are refused
TEST(IsModelName, RefusesEverythingElse) {
  for (const std::string_view name :
       {"", " ", "a b", "..", ".a", "a/b", "a%2fb", "-a", "_a", "a.", "a\n", "\xd0\xb0"}) {
    EXPECT_FALSE(IsModelName(name)) << name;
  }
  EXPECT_FALSE(IsModelName(std::string_view("a\0b", 3)));
  EXPECT_FALSE(IsModelName(std::string(129, 'a')));
}

}  // namespace
}  // namespace slipway
