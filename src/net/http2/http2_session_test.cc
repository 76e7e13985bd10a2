#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "net/testing/http2_session_fixture.h"

namespace slipway::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

using Http2SessionTest = Http2SessionFixture;

// What it does.

TEST_F(Http2SessionTest, SaysItsBoundsAndAnswersTheClients) {
  Send(Hello());
  EXPECT_THAT(sent.settings,
              ElementsAre(Pair(3, 128), Pair(4, 1 << 20), Pair(5, 16 * 1024), Pair(6, 32 * 1024)));
  EXPECT_EQ(sent.settings_answers, 1);
  EXPECT_EQ(sent.windows[0], (1u << 24) - 65535) << "the window of the whole connection";
}

TEST_F(Http2SessionTest, AnswersARequest) {
  Send(Hello() + GetFrames(1, "/v2/models?x=1"));
  EXPECT_EQ(answer(1).status, "200");
  EXPECT_EQ(answer(1).body, "GET /v2/models?x=1 []");
  EXPECT_EQ(answer(1).Find("content-type"), "text/plain");
  EXPECT_EQ(answer(1).Find("content-length"), "21");
  EXPECT_EQ(answer(1).Find("date"), kDate);
  EXPECT_TRUE(answer(1).ended);
  EXPECT_FALSE(answer(1).reset);
}

TEST_F(Http2SessionTest, TakesSingleBytes) {
  for (const char byte : Hello() + PostFrames(1, "/a", "body")) Send({&byte, 1});
  EXPECT_EQ(answer(1).body, "POST /a [body]");
}

TEST_F(Http2SessionTest, ServesTheHeadThatHttp11WouldGive) {
  hold = true;
  Send(Hello() + PostFrames(1, "/v2/models/a%2Db/infer?x=1", "body",
                            {{"content-length", "4"}, {"x-a", "1"}, {"x-a", "2"}}));
  ASSERT_EQ(held.size(), 1u);
  const RequestHead& head = held[0].head;
  EXPECT_EQ(head.version_major, 2u);
  EXPECT_EQ(head.method, Method::kPost);
  EXPECT_EQ(head.target, "/v2/models/a%2Db/infer?x=1");
  EXPECT_THAT(head.segments, ElementsAre("v2", "models", "a-b", "infer"));
  EXPECT_EQ(head.query, "x=1");
  EXPECT_EQ(*head.Find("Host"), "localhost");
  EXPECT_TRUE(head.Repeated("X-A"));
  EXPECT_EQ(head.content_length, 4u);
  EXPECT_EQ(head.peer, "peer");
}

TEST_F(Http2SessionTest, StreamsAreAnsweredInAnyOrder) {
  hold = true;
  Send(Hello() + GetFrames(1, "/a") + GetFrames(3, "/b"));
  ASSERT_EQ(held.size(), 2u);
  AnswerHeld(1, Response::Text(200, "text/plain", "second"));
  EXPECT_EQ(answer(3).body, "second");
  EXPECT_EQ(answer(1).status, "");
  AnswerHeld(0, Response::Text(200, "text/plain", "first"));
  EXPECT_EQ(answer(1).body, "first");
}

TEST_F(Http2SessionTest, BodiesOfSeveralStreamsMayInterleave) {
  const auto head = [](std::uint32_t stream) {
    return Frame(FrameType::kHeaders, kEndHeaders, stream,
                 FieldBlock(RequestFields("POST", fmt::format("/{}", stream))));
  };
  Send(Hello() + head(1) + head(3) + Frame(FrameType::kData, kNoFlags, 1, "a") +
       Frame(FrameType::kData, kNoFlags, 3, "x") + Frame(FrameType::kData, kEndStream, 1, "b") +
       Frame(FrameType::kData, kEndStream, 3, "y"));
  EXPECT_EQ(answer(1).body, "POST /1 [ab]");
  EXPECT_EQ(answer(3).body, "POST /3 [xy]");
}

TEST_F(Http2SessionTest, LargeBodiesGoThroughSmallWindows) {
  service.plan = [](const RequestHead&, BodyPlan& plan) { plan.max_bytes = 8 << 20; };
  const std::string piece(16'000, 'x');
  Send(Hello() +
       Frame(FrameType::kHeaders, kEndHeaders, 1, FieldBlock(RequestFields("POST", "/"))));
  std::size_t body = 0;
  for (int i = 0; i < 400; ++i, body += piece.size()) {
    ASSERT_LE(body + piece.size(), limits.http2.stream_window + sent.windows[1]) << i;
    Send(Frame(FrameType::kData, kNoFlags, 1, piece));
  }
  Send(Frame(FrameType::kData, kEndStream, 1));
  // The answer goes out as far as the client's window lets it.
  EXPECT_EQ(answer(1).body.size(), 65535u);
  EXPECT_FALSE(answer(1).ended);
  Send(Frame(FrameType::kWindowUpdate, kNoFlags, 0, BigEndian(10 << 20)));
  Send(Frame(FrameType::kWindowUpdate, kNoFlags, 1, BigEndian(10 << 20)));
  EXPECT_EQ(answer(1).body.size(), body + std::string("POST / []").size());
  EXPECT_TRUE(answer(1).ended);
  EXPECT_LE(sent.largest_frame, 16384u) << "what the client takes";
}

TEST_F(Http2SessionTest, BodyPartsLeaveWhereTheyAre) {
  hold = true;
  const auto text = std::make_shared<const std::string>(10'000, 'x');
  Send(Hello() + GetFrames(1, "/"));
  Response response = Response::Text(200, "text/plain", "small ");
  response.parts.push_back({std::as_bytes(std::span(*text)), text});
  response.parts.push_back(BodyPart::Of(" end"));
  AnswerHeld(0, std::move(response));
  EXPECT_EQ(answer(1).body, "small " + *text + " end");
  EXPECT_EQ(text.use_count(), 1) << "let go of when it is sent";
}

TEST_F(Http2SessionTest, TrailersFollowTheBody) {
  hold = true;
  Send(Hello() + PostFrames(1, "/", "x"));
  Response response = Response::Text(200, "application/grpc", "message");
  response.trailers = {{"Grpc-Status", "0"}, {"grpc-message", "fine\r\nand well"}};
  AnswerHeld(0, std::move(response));
  EXPECT_EQ(answer(1).body, "message");
  EXPECT_THAT(answer(1).trailers,
              ElementsAre(Pair("grpc-status", "0"), Pair("grpc-message", "fine  and well")));
  EXPECT_EQ(answer(1).Find("content-length"), "");
  EXPECT_TRUE(answer(1).ended);
}

// What was said last is kept, as the next answer is nearly always the same.
TEST_F(Http2SessionTest, AnAnswerTakesNothingFromTheOneBefore) {
  struct {
    int status;
    std::string_view type, grpc_status, extra, date;
  } const kAnswers[] = {{200, "application/grpc", "0", "", "today"},
                        {200, "application/grpc", "0", "", "today"},
                        {200, "application/grpc", "5", "", "today"},
                        {200, "application/grpc", "0", "gzip", "today"},
                        {200, "application/grpc", "0", "", "tomorrow"},
                        {200, "application/grpc+proto", "0", "", "tomorrow"},
                        {503, "application/grpc+proto", "0", "", "tomorrow"},
                        {200, "application/grpc", "0", "", "today"}};
  hold = true;
  Send(Hello());
  std::uint32_t stream = 1;
  for (const auto& [status, type, grpc_status, extra, date] : kAnswers) {
    Send(PostFrames(stream, "/", "x"));
    Response response = Response::Text(status, type, "message");
    response.trailers = {{"grpc-status", std::string(grpc_status)}};
    if (!extra.empty()) response.headers = {{"grpc-encoding", std::string(extra)}};
    session().Answer(static_cast<Http2Session::StreamId>(stream), std::move(response), date);
    Collect();
    EXPECT_EQ(answer(stream).status, std::to_string(status));
    EXPECT_EQ(answer(stream).Find("content-type"), type);
    EXPECT_EQ(answer(stream).Find("grpc-encoding"), extra);
    EXPECT_EQ(answer(stream).Find("date"), date);
    EXPECT_THAT(answer(stream).trailers, ElementsAre(Pair("grpc-status", grpc_status)));
    EXPECT_EQ(answer(stream).body, "message");
    stream += 2;
  }
}

TEST_F(Http2SessionTest, TrailersMayComeWithoutABody) {
  hold = true;
  Send(Hello() + PostFrames(1, "/", "x"));
  Response response;
  response.trailers = {{"grpc-status", "0"}};
  AnswerHeld(0, std::move(response));
  EXPECT_EQ(answer(1).body, "");
  EXPECT_THAT(answer(1).trailers, ElementsAre(Pair("grpc-status", "0")));
  EXPECT_TRUE(answer(1).ended);
}

TEST_F(Http2SessionTest, HeadIsAnsweredWithoutABody) {
  Send(Hello() + Frame(FrameType::kHeaders, kEndHeaders | kEndStream, 1,
                       FieldBlock(RequestFields("HEAD", "/a"))));
  EXPECT_EQ(answer(1).status, "200");
  EXPECT_EQ(answer(1).Find("content-length"), "10");
  EXPECT_EQ(answer(1).body, "");
  EXPECT_TRUE(answer(1).ended);
}

TEST_F(Http2SessionTest, ContinuesAnExpectedBody) {
  Send(Hello() + Frame(FrameType::kHeaders, kEndHeaders, 1,
                       FieldBlock(RequestFields("POST", "/", {{"expect", "100-continue"}}))));
  EXPECT_THAT(sent.informational, ElementsAre(100));
  Send(Frame(FrameType::kData, kEndStream, 1, "body"));
  EXPECT_EQ(answer(1).body, "POST / [body]");
}

TEST_F(Http2SessionTest, AnswersPings) {
  Send(Hello() + Frame(FrameType::kPing, kNoFlags, 0, "12345678"));
  EXPECT_EQ(sent.ping_answers, 1);
}

TEST_F(Http2SessionTest, TrailersOfARequestAreDropped) {
  Send(Hello() +
       Frame(FrameType::kHeaders, kEndHeaders, 1, FieldBlock(RequestFields("POST", "/a"))) +
       Frame(FrameType::kData, kNoFlags, 1, "body") +
       Frame(FrameType::kHeaders, kEndHeaders | kEndStream, 1,
             FieldBlock({{"authorization", "secret"}})));
  EXPECT_EQ(answer(1).body, "POST /a [body]");
}

// What does not come to its end.

TEST_F(Http2SessionTest, ACancelledRequestIsAbandoned) {
  hold = true;
  Send(Hello() + GetFrames(1, "/a") + GetFrames(3, "/b"));
  ASSERT_EQ(held.size(), 2u);
  Send(Frame(FrameType::kRstStream, kNoFlags, 1, BigEndian(kCancel)));
  EXPECT_TRUE(*held[0].cancelled);
  EXPECT_FALSE(*held[1].cancelled);
  AnswerHeld(0, Response::Text(200, "text/plain", "late"));
  EXPECT_EQ(answer(1).status, "");
  EXPECT_EQ(session().open_streams(), 1u);
}

TEST_F(Http2SessionTest, ACancelledRequestIsNotEvenServedIfThatCameWithIt) {
  hold = true;
  Send(Hello() + GetFrames(1, "/a") +
       Frame(FrameType::kRstStream, kNoFlags, 1, BigEndian(kCancel)));
  EXPECT_TRUE(held.empty());
}

// Fault C6: its memory
TEST_F(Http2SessionTest, ACancelledBodyGivesItsMemoryBack) {
  Send(Hello() +
       Frame(FrameType::kHeaders, kEndHeaders, 1, FieldBlock(RequestFields("POST", "/"))) +
       Frame(FrameType::kData, kNoFlags, 1, "body"));
  EXPECT_EQ(body_memory(), 4u);
  Send(Frame(FrameType::kRstStream, kNoFlags, 1, BigEndian(kCancel)));
  EXPECT_EQ(body_memory(), 0u);
}

TEST_F(Http2SessionTest, ARejectedRequestIsAnsweredAtItsEnd) {
  service.plan = [](const RequestHead&, BodyPlan& plan) {
    plan.reject = Response::Text(401, "text/plain", "no");
  };
  Send(Hello() +
       Frame(FrameType::kHeaders, kEndHeaders, 1, FieldBlock(RequestFields("POST", "/"))) +
       Frame(FrameType::kData, kNoFlags, 1, "bo"));
  EXPECT_EQ(answer(1).status, "") << "its client may not be ready to listen";
  Send(Frame(FrameType::kData, kEndStream, 1, "dy"));
  EXPECT_EQ(answer(1).status, "401");
  EXPECT_TRUE(answer(1).ended);
  EXPECT_EQ(answer(1).reset, std::nullopt);
}

TEST_F(Http2SessionTest, OfARejectedBodyOnlySoMuchIsReceived) {
  service.plan = [](const RequestHead&, BodyPlan& plan) {
    plan.reject = Response::Text(401, "text/plain", "no");
  };
  Send(Hello() +
       Frame(FrameType::kHeaders, kEndHeaders, 1, FieldBlock(RequestFields("POST", "/"))));
  const std::string piece(16 * 1024, 'x');
  for (int i = 0; i < 4; ++i) Send(Frame(FrameType::kData, kNoFlags, 1, piece));
  EXPECT_EQ(answer(1).status, "");
  Send(Frame(FrameType::kData, kNoFlags, 1, "x"));
  EXPECT_EQ(answer(1).status, "401");
  EXPECT_EQ(answer(1).reset, kNoError) << "the client may stop sending";
}

TEST_F(Http2SessionTest, ALargeRejectedBodyIsAnsweredAtOnceAndNotWaitedFor) {
  service.plan = [](const RequestHead&, BodyPlan& plan) {
    plan.reject = Response::Text(401, "text/plain", "no");
  };
  Send(Hello() + Frame(FrameType::kHeaders, kEndHeaders, 1,
                       FieldBlock(RequestFields("POST", "/", {{"content-length", "100000"}}))));
  EXPECT_EQ(answer(1).status, "401");
  EXPECT_TRUE(answer(1).ended);
  EXPECT_EQ(answer(1).reset, kNoError) << "the client may stop sending";
  Send(Frame(FrameType::kData, kEndStream, 1, "body"));
  EXPECT_TRUE(sent.goaways.empty()) << "what was on the way is no fault";
  Send(GetFrames(3, "/alive"));
  EXPECT_EQ(answer(3).status, "200");
}

// As frames of at most 16 KiB.
std::string InFrames(const std::string& body) {
  constexpr std::size_t kPiece = 16'000;
  std::string frames;
  for (std::size_t at = 0; at < body.size(); at += kPiece) {
    const bool is_last = at + kPiece >= body.size();
    frames += Frame(FrameType::kData, is_last ? kEndStream : kNoFlags, 1, body.substr(at, kPiece));
  }
  return frames;
}

TEST_F(Http2SessionTest, ABodyThatForetellsItselfLiesAsItSays) {
  service.plan = [](const RequestHead&, BodyPlan& plan) {
    plan.forecast = [](std::span<const std::byte> first) {
      return BodyForecast{.bytes = 100'000,
                          .aligned_offset = std::to_integer<std::size_t>(first[0])};
    };
  };
  hold = true;
  const std::string body = '\x25' + std::string(99'999, 'x');
  Send(Hello() +
       Frame(FrameType::kHeaders, kEndHeaders, 1, FieldBlock(RequestFields("POST", "/"))));
  Send(InFrames(body));
  ASSERT_EQ(held.size(), 1u);
  const auto bytes = held[0].body.bytes();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data() + 0x25) % BodyBuffer::kAlignment, 0u);
  EXPECT_EQ(held[0].body.capacity(), 100'000u);
  EXPECT_TRUE(std::ranges::equal(bytes, std::as_bytes(std::span(body))));
}

TEST_F(Http2SessionTest, TheRestOfAFrameOfBodyMayBeReceivedInPlace) {
  hold = true;
  const std::string body = std::string(6'000, 'a') + std::string(6'000, 'b');
  const std::string frame = Frame(FrameType::kData, kEndStream, 1, body);
  const std::size_t first = frame.size() - 6'000;
  Send(Hello() + Frame(FrameType::kHeaders, kEndHeaders, 1,
                       FieldBlock(RequestFields("POST", "/", {{"content-length", "12000"}}))));
  EXPECT_TRUE(session().DirectRoom().empty()) << "no frame of body has begun";
  Send(frame.substr(0, first));
  EXPECT_EQ(session().DirectRoom().size(), 6'000u);
  FillInPlace(frame.substr(first, 5'000));
  EXPECT_EQ(session().DirectRoom().size(), 1'000u);
  Send(frame.substr(first + 5'000));  // as it comes, where that is easier
  EXPECT_TRUE(session().DirectRoom().empty());
  ASSERT_EQ(held.size(), 1u);
  EXPECT_TRUE(std::ranges::equal(held[0].body.bytes(), std::as_bytes(std::span(body))));
}

TEST_F(Http2SessionTest, NothingIsReceivedInPlaceOfAPaddedFrameOrOneWhoseBodyIsDropped) {
  hold = true;
  const auto head = [](std::uint32_t stream) {
    return Frame(FrameType::kHeaders, kEndHeaders, stream,
                 FieldBlock(RequestFields("POST", "/", {{"content-length", "8000"}})));
  };
  const std::string padded = Frame(FrameType::kData, kPadded, 1, '\x05' + std::string(8'005, 'x'));
  Send(Hello() + head(1) + padded.substr(0, 4'000));
  EXPECT_TRUE(session().DirectRoom().empty());
  Send(padded.substr(4'000));
  const std::string frame = Frame(FrameType::kData, kNoFlags, 3, std::string(8'000, 'x'));
  Send(head(3) + frame.substr(0, 4'000));
  EXPECT_FALSE(session().DirectRoom().empty());
  session().Answer(3, Response::Text(200, "text/plain", "enough"), kDate);
  EXPECT_TRUE(session().DirectRoom().empty());
}

TEST_F(Http2SessionTest, AClientWithLargeBodiesMaySendLargeFrames) {
  service.plan = [](const RequestHead&, BodyPlan& plan) { plan.max_bytes = 8 << 20; };
  hold = true;
  const auto head = [](std::uint32_t stream) {
    return Frame(FrameType::kHeaders, kEndHeaders, stream, FieldBlock(RequestFields("POST", "/")));
  };
  Send(Hello() + head(1));
  EXPECT_EQ(sent.settings[kMaxFrameSize], limits.http2.frame_bytes);
  Send(InFrames(std::string(100'000, 'x')));
  EXPECT_EQ(sent.settings[kMaxFrameSize], limits.http2.large_frame_bytes);
  Send(Frame(FrameType::kSettings, kAck, 0) + head(3) +
       Frame(FrameType::kData, kEndStream, 3, std::string(limits.http2.large_frame_bytes, 'x')));
  ASSERT_EQ(held.size(), 2u);
  EXPECT_EQ(held[1].body.size(), limits.http2.large_frame_bytes);
}

TEST_F(Http2SessionTest, AForecastThatFailsChangesNothing) {
  service.plan = [](const RequestHead&, BodyPlan& plan) {
    plan.forecast = [](std::span<const std::byte> first) {
      const bool is_less = first[0] == std::byte{'l'};
      return BodyForecast{.bytes = is_less ? 1 : ~std::uint64_t{0}, .aligned_offset = {}};
    };
  };
  hold = true;
  Send(Hello() + PostFrames(1, "/", "less" + std::string(10'000, 'x')));
  Send(PostFrames(3, "/", "more"));
  ASSERT_EQ(held.size(), 2u);
  EXPECT_EQ(held[0].body.bytes().size(), 10'004u);
  EXPECT_LT(held[1].body.capacity(), 64u * 1024);
}

// Bad input H22: a body over the limit, of honest and of untold length, is 413
TEST_F(Http2SessionTest, ABodyBeyondTheBoundIs413) {
  service.plan = [](const RequestHead&, BodyPlan& plan) { plan.max_bytes = 10; };
  Send(Hello() + Frame(FrameType::kHeaders, kEndHeaders, 1,
                       FieldBlock(RequestFields("POST", "/", {{"content-length", "11"}}))));
  EXPECT_EQ(answer(1).status, "413");
  Send(PostFrames(3, "/", std::string(11, 'x')));
  EXPECT_EQ(answer(3).status, "413");
  Send(PostFrames(5, "/", std::string(10, 'x')));
  EXPECT_EQ(answer(5).status, "200");
  EXPECT_EQ(body_memory(), 0u);
}

TEST_F(Http2SessionTest, MoreBodiesThanTheServerMayHoldAre503) {
  limits.body_bytes_total = 15;
  hold = true;
  Send(Hello() + PostFrames(1, "/", std::string(10, 'x')) +
       PostFrames(3, "/", std::string(10, 'x')));
  EXPECT_EQ(held.size(), 1u);
  EXPECT_EQ(answer(3).status, "503");
  EXPECT_EQ(answer(3).Find("retry-after"), "1");
}

TEST_F(Http2SessionTest, AnUnreadableCodingIs415) {
  Send(Hello() + PostFrames(1, "/", "x", {{"content-encoding", "br"}}));
  EXPECT_EQ(answer(1).status, "415");
  EXPECT_EQ(answer(1).Find("accept-encoding"), "gzip, deflate");
}

// Shutdown.

TEST_F(Http2SessionTest, AShutdownServesWhatIsOnTheWay) {
  hold = true;
  Send(Hello() + GetFrames(1, "/a"));
  session().BeginShutdown();
  Collect();
  ASSERT_EQ(sent.goaways.size(), 1u);
  EXPECT_EQ(sent.goaways[0].code, kNoError);
  EXPECT_EQ(sent.goaways[0].last_stream, 0x7fffffffu);
  ASSERT_EQ(sent.pings.size(), 1u);
  // Sent before the client knew.
  Send(GetFrames(3, "/b"));
  Send(Frame(FrameType::kPing, kAck, 0, sent.pings[0]));
  ASSERT_EQ(sent.goaways.size(), 2u);
  EXPECT_EQ(sent.goaways[1].last_stream, 3u);
  EXPECT_FALSE(session().HasEnded());
  ASSERT_EQ(held.size(), 2u);
  AnswerHeld(0, Response::Text(200, "text/plain", "a"));
  EXPECT_FALSE(session().HasEnded());
  AnswerHeld(1, Response::Text(200, "text/plain", "b"));
  EXPECT_TRUE(session().HasEnded());
  EXPECT_EQ(answer(3).body, "b");
}

TEST_F(Http2SessionTest, AShutdownWaitsForTheClientOnlySoLong) {
  Send(Hello());
  session().BeginShutdown();
  Collect();
  Pass(limits.drain_linger);
  EXPECT_EQ(sent.goaways.size(), 2u);
  EXPECT_TRUE(session().HasEnded());
}

TEST_F(Http2SessionTest, AGoawayOfTheClientLetsItsStreamsEnd) {
  hold = true;
  Send(Hello() + GetFrames(1, "/a") +
       Frame(FrameType::kGoaway, kNoFlags, 0, BigEndian(0) + BigEndian(kNoError)));
  EXPECT_FALSE(session().HasEnded());
  AnswerHeld(0, Response::Text(200, "text/plain", "a"));
  EXPECT_EQ(answer(1).body, "a");
  EXPECT_TRUE(session().HasEnded());
}

// Times.

TEST_F(Http2SessionTest, AnIdleConnectionIsShutDownWithoutLoss) {
  Send(Hello() + GetFrames(1, "/a"));
  Pass(limits.idle_timeout - milliseconds(1));
  EXPECT_TRUE(sent.goaways.empty());
  Pass(milliseconds(1));
  ASSERT_EQ(sent.goaways.size(), 1u);
  EXPECT_EQ(sent.goaways[0].last_stream, 0x7fffffffu);
}

TEST_F(Http2SessionTest, AConnectionWithAnOpenRequestIsNotIdle) {
  hold = true;
  Send(Hello() + GetFrames(1, "/a"));
  Pass(limits.idle_timeout);
  EXPECT_TRUE(sent.goaways.empty());
}

TEST_F(Http2SessionTest, APrefaceThatDoesNotComeEndsTheConnection) {
  Send(kHttp2Preface.substr(0, 20));
  Pass(limits.header_timeout);
  EXPECT_EQ(goaway(), kSettingsTimeout);
  EXPECT_TRUE(session().HasEnded());
}

// Fault C7: a head over HTTP/2
TEST_F(Http2SessionTest, AHeadThatDoesNotEndInTimeEndsTheConnection) {
  Send(Hello() + Frame(FrameType::kHeaders, kNoFlags, 1, FieldBlock(RequestFields("GET", "/"))));
  Pass(limits.header_timeout - milliseconds(1));
  EXPECT_TRUE(sent.goaways.empty());
  Pass(milliseconds(1));
  EXPECT_EQ(goaway(), kEnhanceYourCalm);
}

// Bad input H9: a body whose end never comes is 408 after its time, on its stream alone
// Fault C7: a body over HTTP/2
TEST_F(Http2SessionTest, ABodyThatTricklesIs408) {
  Send(Hello() +
       Frame(FrameType::kHeaders, kEndHeaders, 1, FieldBlock(RequestFields("POST", "/"))));
  Pass(limits.body_grace / 2);
  Send(Frame(FrameType::kData, kNoFlags, 1, "x"));
  EXPECT_EQ(answer(1).status, "");
  Pass(limits.body_grace / 2);
  EXPECT_EQ(answer(1).status, "408");
  EXPECT_EQ(body_memory(), 0u);
  Send(GetFrames(3, "/alive"));
  EXPECT_EQ(answer(3).status, "200");
}

TEST_F(Http2SessionTest, ABodyThatWeDoNotReadIsNotSlow) {
  Send(Hello() +
       Frame(FrameType::kHeaders, kEndHeaders, 1, FieldBlock(RequestFields("POST", "/"))));
  session().Sweep(MonotonicTime(seconds(1000)) + limits.body_grace, false);
  Collect();
  EXPECT_EQ(answer(1).status, "");
}

// Bad input G4: a client that opens no window, or opens it byte by byte, does not hold an answer
// Fault C7: an answer over HTTP/2
TEST_F(Http2SessionTest, AnAnswerThatTheClientDoesNotTakeIsReset) {
  Send(Hello() + SettingFrame(4, 0));  // SETTINGS_INITIAL_WINDOW_SIZE
  Send(GetFrames(1, "/a"));
  EXPECT_EQ(answer(1).status, "200");
  EXPECT_EQ(answer(1).body, "");
  Send(Frame(FrameType::kWindowUpdate, kNoFlags, 1, BigEndian(1)));
  EXPECT_EQ(answer(1).body, "G");
  Pass(limits.write_stall);
  EXPECT_EQ(answer(1).reset, kCancel);
  EXPECT_EQ(session().open_streams(), 0u);
}

}  // namespace
}  // namespace slipway::net
