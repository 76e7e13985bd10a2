#include "net/http/response_head.h"

#include <gtest/gtest.h>

namespace slipway::net {
namespace {

TEST(ResponseHead, SaysLengthDateAndConnection) {
  Response response;
  response.status = 404;
  response.content_type = "text/plain";
  std::string out = "before";
  AppendResponseHead(response, {.content_length = 12, .date = "now", .close = true}, out);
  EXPECT_EQ(out,
            "beforeHTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n"
            "Date: now\r\nConnection: close\r\n\r\n");
}

TEST(ResponseHead, AnAnswerWithoutABodyHasNoLength) {
  Response response;
  response.status = 304;
  std::string out;
  AppendResponseHead(response, {.date = "now"}, out);
  EXPECT_EQ(out, "HTTP/1.1 304 Not Modified\r\nDate: now\r\n\r\n");
}

TEST(ResponseHead, AValueCannotEndItsHeader) {
  Response response;
  response.headers = {{"X", "a\r\nY: b"}};
  std::string out;
  AppendResponseHead(response, {.date = "now"}, out);
  EXPECT_NE(out.find("X: a  Y: b\r\n"), std::string::npos);
}

TEST(ResponseHead, DatesAreThoseOfTheStandard) {
  EXPECT_EQ(FormatHttpDate(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(ResponseHead, StatusesWithoutAPhraseHaveOne) {
  EXPECT_EQ(ReasonPhrase(200), "OK");
  EXPECT_EQ(ReasonPhrase(507), "Insufficient Storage");
  EXPECT_EQ(ReasonPhrase(299), "Status");
}

}  // namespace
}  // namespace slipway::net
