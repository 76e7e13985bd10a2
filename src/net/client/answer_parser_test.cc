#include "net/client/answer_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway::net {
namespace {

using testing::HasSubstr;

constexpr std::string_view kPlain =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view kChunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    "3;name=value\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: x\r\n\r\n";

/// The whole answer, fed in pieces of `step` bytes.
Result<HttpAnswer> Parse(std::string_view bytes, std::size_t step, AnswerParser parser = {}) {
  while (!bytes.empty()) {
    SLIPWAY_TRY(const bool complete, parser.Feed(bytes.substr(0, step)));
    bytes.remove_prefix(std::min(step, bytes.size()));
    if (complete && bytes.empty()) return parser.Take();
    if (complete) return Internal("complete before its end");
  }
  SLIPWAY_RETURN_IF_ERROR(parser.End());
  return parser.Take();
}

TEST(AnswerParser, ReadsALengthWhereverTheStreamIsCut) {
  for (std::size_t step = 1; step <= kPlain.size(); ++step) {
    const Result<HttpAnswer> answer = Parse(kPlain, step);
    ASSERT_TRUE(answer.ok()) << answer.status().ToString();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "hello");
    ASSERT_NE(answer->Find("content-type"), nullptr);
    EXPECT_EQ(*answer->Find("content-type"), "text/plain");
    EXPECT_EQ(answer->Find("absent"), nullptr);
  }
}

TEST(AnswerParser, ReadsChunksWhereverTheStreamIsCut) {
  for (std::size_t step = 1; step <= kChunked.size(); ++step) {
    const Result<HttpAnswer> answer = Parse(kChunked, step);
    ASSERT_TRUE(answer.ok()) << step << ": " << answer.status().ToString();
    EXPECT_EQ(answer->body, "hello");
  }
}

TEST(AnswerParser, ABodyWithoutALengthEndsWithTheConnection) {
  AnswerParser parser;
  ASSERT_TRUE(parser.Feed("HTTP/1.0 200 OK\r\n\r\nhel").ok());
  ASSERT_TRUE(parser.Feed("lo").ok());
  ASSERT_TRUE(parser.End().ok());
  EXPECT_FALSE(parser.KeepsConnection());
  EXPECT_EQ(parser.Take().body, "hello");
}

TEST(AnswerParser, PassesOverInterimAnswers) {
  const Result<HttpAnswer> answer =
      Parse("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 7);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 204);
}

TEST(AnswerParser, EndsAStreamOfInterimAnswers) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(Parse(bytes, bytes.size()).status().code(), Code::kDataLoss);
}

TEST(AnswerParser, AnAnswerToHeadHasNoBody) {
  AnswerParser parser({.answers_head = true});
  const Result<bool> complete = parser.Feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  ASSERT_TRUE(complete.ok());
  EXPECT_TRUE(*complete);
}

TEST(AnswerParser, IsReadyForTheNextAnswer) {
  AnswerParser parser;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(parser.started());
    ASSERT_TRUE(*parser.Feed(kPlain));
    EXPECT_TRUE(parser.KeepsConnection());
    EXPECT_EQ(parser.Take().body, "hello");
  }
}

TEST(AnswerParser, SaysWhenTheServerCloses) {
  AnswerParser parser;
  ASSERT_TRUE(*parser.Feed("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(parser.KeepsConnection());
}

TEST(AnswerParser, KeepsTheStatusAloneWhenNobodyWantsMore) {
  AnswerParser parser({.status_only = true});
  ASSERT_TRUE(*parser.Feed(kPlain));
  const HttpAnswer answer = parser.Take();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_TRUE(answer.headers.empty());
}

TEST(AnswerParser, RefusesWhatIsNotHttp) {
  for (const std::string_view bytes :
       {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    EXPECT_EQ(Parse(bytes, bytes.size()).status().code(), Code::kDataLoss) << bytes;
  }
}

TEST(AnswerParser, RefusesBytesBehindTheAnswer) {
  AnswerParser parser;
  EXPECT_EQ(parser.Feed(std::string(kPlain) + "x").status().code(), Code::kDataLoss);
}

TEST(AnswerParser, RefusesAnAnswerThatIsCutShort) {
  for (std::size_t end = 0; end < kPlain.size(); ++end)
    EXPECT_EQ(Parse(kPlain.substr(0, end), 16).status().code(), Code::kDataLoss) << end;
  for (std::size_t end = 0; end < kChunked.size(); ++end)
    EXPECT_EQ(Parse(kChunked.substr(0, end), 16).status().code(), Code::kDataLoss) << end;
}

TEST(AnswerParser, BoundsHeadAndBody) {
  const AnswerParser::Options small{.limits = {.head_bytes = 256, .body_bytes = 4}};
  EXPECT_EQ(Parse(kPlain, 8, AnswerParser(small)).status().code(), Code::kResourceExhausted);
  EXPECT_EQ(Parse(kChunked, 8, AnswerParser(small)).status().code(), Code::kResourceExhausted);
  const std::string long_head =
      "HTTP/1.1 200 OK\r\nX: " + std::string(1000, 'x') + "\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(Parse(long_head, 8, AnswerParser(small)).status().code(), Code::kResourceExhausted);
  const std::string long_chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                                 std::string(1000, 'x') + "\r\na\r\n0\r\n\r\n";
  EXPECT_FALSE(Parse(long_chunk, 8, AnswerParser(small)).ok());
}

}  // namespace
}  // namespace slipway::net
