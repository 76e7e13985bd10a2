#include "net/client/http2_client_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "net/testing/http2_wire.h"

namespace slipway::net {
namespace {

using State = Http2ClientSession::State;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

const HttpUrl kServer{.host = "model.example", .port = 8001, .path = ""};

std::string ServerHello() {
  return Frame(FrameType::kSettings, kNoFlags, 0) + Frame(FrameType::kSettings, kAck, 0);
}
std::string Head(std::uint32_t stream, const std::vector<Header>& fields,
                 std::uint8_t flags = kEndHeaders) {
  return Frame(FrameType::kHeaders, flags, stream, FieldBlock(fields));
}
std::string Answer(std::uint32_t stream, std::string_view body) {
  return Head(stream, {{":status", "200"}}) + Frame(FrameType::kData, kEndStream, stream, body);
}
std::string Goaway(std::uint32_t last_stream, std::uint32_t code = kNoError) {
  return Frame(FrameType::kGoaway, kNoFlags, 0, BigEndian(last_stream) + BigEndian(code));
}

/// A session whose socket is the test.
class Http2ClientSessionTest : public testing::Test {
 protected:
  Http2ClientSession& session() {
    if (!session_) session_.emplace(limits);
    return *session_;
  }
  void Begin(const ClientRequest& request = {}) {
    session().Begin(request, kServer);
    Collect();
  }
  void Feed(std::string_view bytes) {
    session().Feed(bytes);
    Collect();
  }
  void Collect() {
    session().Write();
    iovec vectors[64];
    while (const std::size_t count = session().output().Gather(vectors)) {
      std::string bytes;
      for (std::size_t i = 0; i < count; ++i)
        bytes.append(static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len);
      session().output().Consume(bytes.size());
      session().Write();
      if (!greeted_) {
        EXPECT_TRUE(bytes.starts_with(kHttp2Preface));
        bytes.erase(0, kHttp2Preface.size());
        greeted_ = true;
      }
      sent.Take(bytes);
    }
  }

  AnswerLimits limits;
  Http2Transcript sent;

 private:
  std::optional<Http2ClientSession> session_;
  bool greeted_ = false;
};

TEST_F(Http2ClientSessionTest, SendsARequestInPiecesAndTakesAnAnswerWithTrailers) {
  const std::string large(5000, 'x');
  const std::string_view more[] = {large, "", "end"};
  Begin({.method = "POST",
         .target = "/a",
         .headers = {{"TE", "trailers"}},
         .body = "begin",
         .more_body = more});
  const Http2Transcript::Answer& request = sent.answers[1];
  EXPECT_THAT(request.headers, ElementsAre(Pair(":method", "POST"), Pair(":scheme", "http"),
                                           Pair(":authority", "model.example:8001"),
                                           Pair(":path", "/a"), Pair("te", "trailers")));
  EXPECT_EQ(request.body, "begin" + large + "end");
  EXPECT_TRUE(request.ended);
  Feed(ServerHello() + Head(1, {{":status", "103"}, {"link", "early"}}) +
       Head(1, {{":status", "200"}, {"a", "b"}}));
  EXPECT_EQ(session().state(), State::kUnderWay);
  Feed(Frame(FrameType::kData, kNoFlags, 1, "hel") + Frame(FrameType::kData, kNoFlags, 1, "lo") +
       Head(1, {{"grpc-status", "0"}}, kEndHeaders | kEndStream));
  ASSERT_EQ(session().state(), State::kAnswered);
  const HttpAnswer answer = session().Take();
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.headers, ElementsAre(Pair("a", "b")));
  EXPECT_EQ(answer.body, "hello");
  EXPECT_THAT(answer.trailers, ElementsAre(Pair("grpc-status", "0")));
  EXPECT_TRUE(session().MayBegin());
}

TEST_F(Http2ClientSessionTest, LetsAServerSendMuchAtOnceAndNoPushes) {
  Begin();
  EXPECT_EQ(sent.settings[2], 0U) << "ENABLE_PUSH";
  EXPECT_EQ(sent.settings[4], std::uint32_t{Http2ClientSession::kWindow});
  EXPECT_GT(sent.windows[0], std::uint64_t{Http2ClientSession::kWindow} / 2);
}

TEST_F(Http2ClientSessionTest, AnswersPings) {
  Feed(ServerHello() + Frame(FrameType::kPing, kNoFlags, 0, "12345678"));
  EXPECT_EQ(sent.ping_answers, 1);
}

TEST_F(Http2ClientSessionTest, ServesOneRequestAfterTheOther) {
  Feed(ServerHello());
  for (const std::uint32_t stream : {1U, 3U, 5U}) {
    ASSERT_TRUE(session().MayBegin());
    Begin();
    EXPECT_FALSE(session().MayBegin()) << "one at a time";
    Feed(Answer(stream, "x"));
    EXPECT_EQ(session().Take().body, "x");
  }
}

TEST_F(Http2ClientSessionTest, ARefusedRequestWasNotBegun) {
  Begin();
  Feed(ServerHello() + Frame(FrameType::kRstStream, kNoFlags, 1, BigEndian(kRefusedStream)));
  EXPECT_EQ(session().state(), State::kRefused);
  EXPECT_TRUE(session().MayBegin()) << "the connection is as good as before";
}

TEST_F(Http2ClientSessionTest, AGoawayBeforeTheRequestMeansThatItWasNotBegun) {
  Begin();
  Feed(ServerHello() + Goaway(0));
  EXPECT_EQ(session().state(), State::kRefused);
  EXPECT_FALSE(session().MayBegin());
}

TEST_F(Http2ClientSessionTest, ARequestThatAGoawayIncludesIsStillAnswered) {
  Begin();
  Feed(ServerHello() + Goaway(1) + Answer(1, "last"));
  ASSERT_EQ(session().state(), State::kAnswered);
  EXPECT_EQ(session().Take().body, "last");
  EXPECT_FALSE(session().MayBegin());
}

TEST_F(Http2ClientSessionTest, AnyOtherResetMayHaveComeInTheMiddle) {
  Begin();
  Feed(ServerHello() + Frame(FrameType::kRstStream, kNoFlags, 1, BigEndian(kEnhanceYourCalm)));
  EXPECT_EQ(session().state(), State::kReset);
  EXPECT_EQ(session().reset_code(), kEnhanceYourCalm);
}

TEST_F(Http2ClientSessionTest, TheRestOfARequestThatIsAnsweredEarlyIsNotSent) {
  const std::string body(200'000, 'x');
  Begin({.method = "POST", .body = body});
  EXPECT_EQ(sent.answers[1].body.size(), 65'535U) << "the window";
  Feed(ServerHello() + Answer(1, "no"));
  ASSERT_EQ(session().state(), State::kAnswered);
  session().DropRest();
  Collect();
  EXPECT_EQ(sent.answers[1].reset, kCancel);
  EXPECT_FALSE(sent.answers[1].ended);
  EXPECT_TRUE(session().MayBegin());
}

// Bad input R1: a remote step's server whose answer has more bytes than are taken, over HTTP/2
TEST_F(Http2ClientSessionTest, AnAnswerIsBounded) {
  limits.body_bytes = 10;
  Begin();
  Feed(ServerHello() + Head(1, {{":status", "200"}}) +
       Frame(FrameType::kData, kNoFlags, 1, "0123456789"));
  EXPECT_TRUE(session().failure().ok());
  Feed(Frame(FrameType::kData, kNoFlags, 1, "0"));
  EXPECT_EQ(session().failure().code(), Code::kResourceExhausted);
  EXPECT_FALSE(session().MayBegin());
}

// Bad input R1: a remote step's server whose head never ends, over HTTP/2
TEST_F(Http2ClientSessionTest, AHeadIsBoundedWithWhatCameBeforeIt) {
  limits.head_bytes = 1000;
  Begin();
  Feed(ServerHello());
  int heads = 0;
  for (; session().failure().ok() && heads < 100; ++heads)
    Feed(Head(1, {{":status", "103"}, {"x", std::string(90, 'x')}}));
  EXPECT_EQ(session().failure().code(), Code::kResourceExhausted);
  EXPECT_LE(heads, 11);
}

// Bad input R1: a remote step's server that speaks no HTTP/2
TEST_F(Http2ClientSessionTest, RefusesWhatIsNoAnswer) {
  const std::string odd[] = {
      "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
      "SSH-2.0-OpenSSH_9.2\r\n\r\n",
      ServerHello() + Frame(FrameType::kData, kEndStream, 1, "no head"),
      ServerHello() + Head(1, {{":status", "abc"}}),
      ServerHello() + Head(1, {{"a", "b"}}, kEndHeaders | kEndStream),
      ServerHello() + Head(1, {{":status", "200"}, {"content-length", "7"}}) +
          Frame(FrameType::kData, kEndStream, 1, "six"),
      ServerHello() + Frame(FrameType::kHeaders, kEndHeaders, 1, "\xff\xff\xff\xff\xff\xff"),
      ServerHello() + Frame(FrameType::kWindowUpdate, kNoFlags, 0, BigEndian(0))};
  for (const std::string& bytes : odd) {
    Http2ClientSession session(limits);
    session.Begin({}, kServer);
    session.Write();
    session.Feed(bytes);
    session.Write();
    EXPECT_EQ(session.failure().code(), Code::kDataLoss) << testing::PrintToString(bytes);
  }
}

}  // namespace
}  // namespace slipway::net
