#include "net/http2/http2_fields.h"

#include <gtest/gtest.h>

#include <string>

namespace slipway::net {
namespace {

std::string NameAsSent(std::string_view name) {
  Http2Fields fields;
  fields.Add(name, "x");
  return std::string(fields[0].name);
}

std::string ValueAsSent(std::string_view value) {
  Http2Fields fields;
  fields.Add("x", value);
  return std::string(fields[0].value);
}

/// 19 characters, the one at `place` another.
std::string With(char c, std::size_t place) {
  std::string text = "abcdefgh-jklmnop-rs";
  text[place] = c;
  return text;
}

TEST(Http2Fields, NamesAreInLowerCaseWhereverTheirCapitalsAre) {
  for (int byte = 1; byte < 256; ++byte) {
    const auto c = static_cast<char>(byte);
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    for (std::size_t place = 0; place < 19; ++place)
      ASSERT_EQ(NameAsSent(With(c, place)), With(lower, place)) << byte << " at " << place;
  }
  EXPECT_EQ(NameAsSent("Content-Type"), "content-type");
  EXPECT_EQ(NameAsSent("ETAG"), "etag");
}

TEST(Http2Fields, ControlCharactersOfValuesAreSpacesWhereverTheyAre) {
  for (int byte = 0; byte < 256; ++byte) {
    const auto c = static_cast<char>(byte);
    const bool is_control = (byte < 0x20 && c != '\t') || byte == 0x7f;
    for (std::size_t place = 1; place < 18; ++place)
      ASSERT_EQ(ValueAsSent(With(c, place)), With(is_control ? ' ' : c, place))
          << byte << " at " << place;
  }
  EXPECT_EQ(ValueAsSent("a\r\nb"), "a  b");
  EXPECT_EQ(ValueAsSent("  both ends \t"), "both ends");
  EXPECT_EQ(ValueAsSent(""), "");
}

}  // namespace
}  // namespace slipway::net
