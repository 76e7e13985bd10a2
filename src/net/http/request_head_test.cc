#include "net/http/request_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::net {
namespace {

using testing::ElementsAre;

constexpr std::string_view kHead =
    "POST /v2/models/iris/infer?x=1 HTTP/1.1\r\nHost: a:80\r\nX-Tag:  one\ttwo\x80 \r\n"
    "content-length: 12\r\n\r\n";

const HttpLimits kLimits;

RequestHead Parsed(std::string_view bytes) {
  RequestHead head;
  EXPECT_FALSE(ParseRequestHead(bytes, kLimits, head).has_value());
  return head;
}

/// What Beast reads in the same bytes: the request line and every header a line; nullopt: refused.
std::optional<std::string> ByBeast(std::string_view bytes) {
  namespace http = boost::beast::http;
  http::request_parser<http::string_body> parser;
  boost::beast::error_code error;
  parser.put({bytes.data(), bytes.size()}, error);
  if (error || !parser.is_header_done()) return std::nullopt;
  const auto& message = parser.get();
  std::string text = std::string(message.method_string()) + ' ' + std::string(message.target());
  for (const auto& field : message)
    text.append("\n").append(std::string(field.name_string()) + ": " + std::string(field.value()));
  return text;
}

std::string TextOf(const RequestHead& head) {
  std::string text = std::string(head.method_text) + ' ' + std::string(head.target);
  for (const auto& [name, value] : head.headers)
    text.append("\n").append(name).append(": ").append(value);
  return text;
}

TEST(ParseRequestHead, ViewsStayValidWhereverTheHeadIsMoved) {
  RequestHead first = Parsed(std::string(kHead));
  const RequestHead head = std::move(first);
  EXPECT_THAT(head.segments, ElementsAre("v2", "models", "iris", "infer"));
  EXPECT_EQ(head.query, "x=1");
  EXPECT_EQ(head.content_length, 12U);
  ASSERT_NE(head.Find("x-TAG"), nullptr);
  EXPECT_EQ(*head.Find("x-TAG"), "one\ttwo\x80");
  EXPECT_EQ(head.Find("X-Ta"), nullptr);
}

TEST(ParseRequestHead, KnowsWhichHeaderOccursTwice) {
  const RequestHead head = Parsed("GET / HTTP/1.1\r\nHost: a\r\nB: 1\r\nb: 2\r\nC: 3\r\n\r\n");
  EXPECT_TRUE(head.Repeated("B"));
  EXPECT_FALSE(head.Repeated("C"));
  EXPECT_FALSE(head.Repeated("Host"));
}

TEST(ParseRequestHead, HoldsAsManyHeadersAsTheLimitSays) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 1; i < 100; ++i)
    bytes += "H" + std::to_string(i) + ": " + std::to_string(i) + "\r\n";
  const RequestHead head = Parsed(bytes + "\r\n");
  ASSERT_EQ(head.headers.size(), 100U);
  EXPECT_EQ(*head.Find("h99"), "99");
  RequestHead refused;
  const auto refusal = ParseRequestHead(bytes + "X: y\r\n\r\n", kLimits, refused);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->status, 431);
}

// Beast is the slow twin: every byte of a head in turn is every other byte, and what is taken here
// is taken there, and the same.
TEST(ParseRequestHead, TakesNothingThatBeastReadsInAnotherWay) {
  std::size_t taken = 0;
  for (std::size_t at = 0; at < kHead.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string bytes(kHead);
      bytes[at] = static_cast<char>(byte);
      RequestHead head;
      if (ParseRequestHead(bytes, kLimits, head)) continue;
      ++taken;
      ASSERT_EQ(ByBeast(bytes), TextOf(head)) << "byte " << at << " is " << byte;
    }
  }
  EXPECT_GT(taken, 5000U);
}

TEST(ParseRequestHead, RefusesAConnectionHeaderThatIsNoListOfTokens) {
  RequestHead head;
  const std::string line = "GET / HTTP/1.1\r\nHost: a\r\nConnection: ";
  EXPECT_TRUE(ParseRequestHead(line + "close;q=1\r\n\r\n", kLimits, head).has_value());
  RequestHead other;
  EXPECT_FALSE(ParseRequestHead(line + "keep-alive, TE\r\n\r\n", kLimits, other).has_value());
}

}  // namespace
}  // namespace slipway::net
