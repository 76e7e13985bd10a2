#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using ::testing::HasSubstr;

std::string Nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

void ExpectRefused(std::string_view text, std::string_view message = "") {
  const Result<Json> json = ParseJson(text);
  ASSERT_FALSE(json.ok()) << text;
  EXPECT_EQ(json.status().code(), Code::kInvalidArgument) << text;
  EXPECT_THAT(json.status().message(), HasSubstr(std::string(message)));
}

TEST(ParseJson, GivesTheDocument) {
  const Result<Json> json = ParseJson(R"( {"a": [1, 2.5, "x", null, true]} )");
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["a"][2], "x");
}

TEST(ParseJson, AllowsADocumentAsDeepAsTheLimit) {
  EXPECT_TRUE(ParseJson(Nested(64)).ok());
  EXPECT_TRUE(ParseJson(R"("[[[[[[")", {.max_depth = 1}).ok());
}

// Bad input J1: a nesting beyond the limit is refused before anything recurses
TEST(ParseJson, RefusesADeeperOne) {
  ExpectRefused(Nested(65), "JSON nesting depth exceeds 64 at byte 64");
  ExpectRefused(std::string(10'000'000, '['), "JSON nesting depth exceeds 64");
  ExpectRefused(R"({"a":{"b":)" + Nested(63) + "}}", "JSON nesting depth exceeds 64");
}

// Bad input J2: a key that stands twice in one object is refused
TEST(ParseJson, RefusesDuplicateKeys) {
  ExpectRefused(R"({"a": 1, "b": {"a": 1}, "a": 2})", R"(duplicate key "a")");
  ExpectRefused(R"([{"x": {"k": 1, "\u006b": 2}}])", R"(duplicate key "k")");
  EXPECT_TRUE(ParseJson(R"([{"a": 1}, {"a": {"a": 2}}])").ok());
}

// Bad input J3: numbers that are no JSON, or that no double holds, are refused
TEST(ParseJson, RefusesNumbersThatAreNone) {
  for (const std::string_view text :
       {"1e400", "NaN", "Infinity", "-Infinity", "0x1", "01", "1.", "+1", ".5"}) {
    ExpectRefused(text);
  }
  ExpectRefused(std::string(400, '9'), "a number is out of range");
}

// Bad input J4: a byte order mark, lone surrogates and bytes that are no UTF-8 are refused
TEST(ParseJson, RefusesTextThatIsNotUtf8) {
  ExpectRefused("\xEF\xBB\xBF{}", "byte 0: a byte order mark");
  ExpectRefused(R"("\ud800")");
  ExpectRefused("\"\xff\"");
  ExpectRefused("\"\xc0\x80\"");
}

// Bad input J5: trailing text, two documents, comments and nothing at all are refused with the
// place
TEST(ParseJson, RefusesEverythingButOneDocument) {
  ExpectRefused("{} x", "not valid JSON at byte 3");
  ExpectRefused("{}{}", "at byte 2");
  ExpectRefused("// comment\n{}", "at byte 0");
  ExpectRefused("", "at byte 0");
  ExpectRefused("  ", "at byte 2");
  ExpectRefused("{\"a\":", "at byte 5");
}

TEST(ParseJson, RefusesALargerTextThanTheLimit) {
  const Status status = ParseJson("[1,2]", {.max_bytes = 4}).status();
  EXPECT_EQ(status.message(), "JSON document of 5 bytes exceeds the limit of 4 bytes");
}

// Bad input J6: a text that never ends its string is refused
TEST(ParseJson, RefusesAnUnendedString) {
  ExpectRefused("\"" + std::string(1 << 20, 'a'), "at byte 1048577");
}

TEST(JsonQuoted, EscapesAndReplaces) {
  EXPECT_EQ(JsonQuoted("a\"\n"), R"("a\"\n")");
  EXPECT_EQ(JsonQuoted(R"(2 wait for "a\b" ~)"), R"("2 wait for \"a\\b\" ~")");
  EXPECT_EQ(JsonQuoted(""), R"("")");
  EXPECT_EQ(JsonQuoted("\xff"), "\"\xEF\xBF\xBD\"");
}

TEST(DumpJson, IsOneLineUnlessAskedOtherwise) {
  EXPECT_EQ(DumpJson(Json{{"b", 1}, {"a", 2}}), R"({"a":2,"b":1})");
  EXPECT_EQ(DumpJson(OrderedJson{{"b", 1}, {"a", 2}}), R"({"b":1,"a":2})");
  EXPECT_EQ(DumpJson(Json{1}, 1), "[\n 1\n]");
}

}  // namespace
}  // namespace slipway
