#include "serve/http/json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error_catalogue.h"
#include "serve/http/padded_text.h"

namespace slipway::serve {
namespace {

using testing::HasSubstr;

Status SkipAll(const std::string& text) {
  const PaddedText padded(text);
  std::list<std::string> arena;
  JsonReader reader(padded.text(), arena);
  SLIPWAY_RETURN_IF_ERROR(reader.Skip());
  return reader.Finish();
}

TEST(JsonReader, SkipsEveryKindOfValue) {
  for (const char* text :
       {"{}", "[]", " [1, -2.5e+3, \"x\", true, false, null] ", R"({"a":{"b":[{}]},"c":""})",
        "\"\\u00e9\\n\\\"\"", "7", "\"caf\xC3\xA9\""})
    EXPECT_TRUE(SkipAll(text).ok()) << text << ": " << SkipAll(text).ToString();
}

// Bad input J1: nesting deeper than the limit
TEST(JsonReader, BoundsTheDepth) {
  EXPECT_TRUE(SkipAll(std::string(64, '[') + std::string(64, ']')).ok());
  for (const std::size_t depth :
       {std::size_t{65}, std::size_t{101}, std::size_t{250'000}, std::size_t{10'000'000}}) {
    const Status status = SkipAll(std::string(depth, '['));
    EXPECT_EQ(status.message(), "JSON nesting depth exceeds 64");
    std::string objects;
    for (std::size_t i = 0; i < std::min<std::size_t>(depth, 1000); ++i) objects += "{\"a\":";
    EXPECT_EQ(SkipAll(objects).message(), "JSON nesting depth exceeds 64");
  }
}

// Bad input J2: duplicate keys
TEST(JsonReader, RefusesDuplicateKeys) {
  EXPECT_THAT(SkipAll(R"({"a":1,"b":2,"a":3})").message(), HasSubstr("duplicate key \"a\""));
  EXPECT_THAT(SkipAll(R"({"a":1,"\u0061":2})").message(), HasSubstr("duplicate key \"a\""));
  EXPECT_THAT(SkipAll(R"([{"x":{"a":1,"a":2}}])").place(), "/0/x");
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"k" + std::to_string(i) + "\":0,";
  EXPECT_TRUE(SkipAll(many + "\"x\":0}").ok());
  EXPECT_THAT(SkipAll(many + "\"k3\":0}").message(), HasSubstr("duplicate key \"k3\""));
  EXPECT_THAT(SkipAll(many + "\"k99\":0}").message(), HasSubstr("duplicate key \"k99\""));
}

// Bad input J3: numbers that are not JSON's
TEST(JsonReader, RefusesNumbersThatAreNotJson) {
  for (const char* text : {"01", "1.", "0x1", "NaN", "Infinity", "-", "-Infinity", "+1", ".5"})
    EXPECT_EQ(SkipAll(text).number(), errors::kRequestNotJson) << text;
  EXPECT_FALSE(SkipAll(std::string(400, '1')).ok());
}

// Bad input J4: text that is not UTF-8, lone surrogates, a byte order mark
TEST(JsonReader, RefusesWhatIsNotUtf8) {
  for (const char* text :
       {"\"\xFF\"", "\"\xC0\xAF\"", "\"\xED\xA0\x80\"", R"("\ud800")", R"("\udc00")",
        R"("\ud800\u0041")", "\xEF\xBB\xBF{}", R"("\x")", R"("\u12")", "\"a\nb\""})
    EXPECT_EQ(SkipAll(text).number(), errors::kRequestNotJson) << text;
  EXPECT_TRUE(SkipAll(R"("\ud83d\ude00")").ok());
}

// Bad input J5: garbage around or instead of a document
TEST(JsonReader, SaysTheByteWhereADocumentIsWrong) {
  EXPECT_THAT(SkipAll("{} x").message(), HasSubstr("byte 3"));
  EXPECT_THAT(SkipAll("{}{}").message(), HasSubstr("byte 2"));
  for (const char* text : {"", "   ", "/* */ {}", "{} // x", "{\"a\":1,}", "[1,]", "[1 2]", "{1:2}",
                           "{\"a\" 1}", "[", "{\"a\"", "\"", "tru", "nul", "truex", "'a'"})
    EXPECT_EQ(SkipAll(text).number(), errors::kRequestNotJson) << text;
}

// Bad input J6: an object with very many keys
TEST(JsonReader, BoundsTheKeysOfAnObject) {
  std::string many = "{";
  for (int i = 0; i < 20'000; ++i) many += "\"k" + std::to_string(i) + "\":0,";
  EXPECT_THAT(SkipAll(many + "\"x\":0}").message(), HasSubstr("more than 10000 keys"));
  EXPECT_FALSE(SkipAll("\"" + std::string(1 << 20, 'x')).ok());
}

TEST(JsonReader, PointsAtTheValueThatIsWrong) {
  const PaddedText padded(R"({"a/b":[{"c":"x"}]})");
  std::list<std::string> arena;
  JsonReader reader(padded.text(), arena);
  ASSERT_TRUE(reader.EnterObject().ok());
  ASSERT_EQ(**reader.NextKey(), "a/b");
  ASSERT_TRUE(reader.EnterArray().ok());
  ASSERT_TRUE(*reader.NextElement());
  ASSERT_TRUE(reader.EnterObject().ok());
  ASSERT_EQ(**reader.NextKey(), "c");
  const Status status = reader.ReadInt64().status();
  EXPECT_EQ(status.place(), "/a~1b/0/c");
  EXPECT_EQ(status.message(), "expected an integer, got a string");
}

TEST(JsonReader, ReadsIntegersExactly) {
  std::list<std::string> arena;
  const auto read = [&](const char* text) {
    const PaddedText padded(text);
    return JsonReader(padded.text(), arena).ReadInt64();
  };
  EXPECT_EQ(*read("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  for (const char* text : {"9223372036854775808", "1.0", "1e3", "-0", "01"})
    EXPECT_EQ(read(text).status().number(), errors::kRequestFieldInvalid) << text;
}

}  // namespace
}  // namespace slipway::serve
