// What an HTTP/2 client may do that it must not: frames by hand, against a session and its budgets.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "net/testing/http2_session_fixture.h"

namespace slipway::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AnyOf;
using testing::HasSubstr;

class Http2LimitsTest : public Http2SessionFixture {
 protected:
  /// In as many frames as it takes.
  std::string HeadFrame(std::uint32_t stream, const std::vector<Header>& fields,
                        std::uint8_t flags = kEndHeaders | kEndStream) {
    constexpr std::size_t kFrame = 16 * 1024;
    const std::string block = FieldBlock(fields);
    if (block.size() <= kFrame) return Frame(FrameType::kHeaders, flags, stream, block);
    std::string frames = Frame(FrameType::kHeaders, flags & ~kEndHeaders, stream,
                               std::string_view(block).substr(0, kFrame));
    for (std::size_t at = kFrame; at < block.size(); at += kFrame) {
      frames += Frame(FrameType::kContinuation, at + kFrame < block.size() ? kNoFlags : kEndHeaders,
                      stream, std::string_view(block).substr(at, kFrame));
    }
    return frames;
  }
  /// Sends a piece again and again, up to `most` times; returns how often until the connection
  /// ended.
  std::size_t SendUntilEnd(std::size_t most, const std::function<std::string(std::size_t)>& piece) {
    for (std::size_t i = 1; i <= most; ++i) {
      Send(piece(i));
      if (session().HasEnded()) return i;
    }
    return most + 1;
  }
};

// Frames.

// Bad input G1: a frame larger than MAX_FRAME_SIZE is FRAME_SIZE_ERROR, an unknown type ignored,
// Bad input G1: and a frame on an idle stream PROTOCOL_ERROR
TEST_F(Http2LimitsTest, FramesThatMustNotBe) {
  Send(Hello() + Frame(static_cast<FrameType>(0xbe), 0xff, 77, "whatever") + GetFrames(1, "/a"));
  EXPECT_EQ(answer(1).status, "200");
  Send(Frame(FrameType::kData, kNoFlags, 3, "x"));
  EXPECT_EQ(goaway(), kProtocolError);
  EXPECT_TRUE(session().HasEnded());
}

TEST_F(Http2LimitsTest, AFrameBeyondTheSizeIsAnError) {
  Send(Hello() +
       Frame(FrameType::kHeaders, kEndHeaders, 1, FieldBlock(RequestFields("POST", "/"))) +
       Frame(FrameType::kData, kNoFlags, 1, std::string(limits.http2.frame_bytes + 1, 'x')));
  EXPECT_EQ(goaway(), kFrameSizeError);
}

TEST_F(Http2LimitsTest, AFrameBeyondTheLargeSizeIsAnErrorEvenAfterALargeBody) {
  service.plan = [](const RequestHead&, BodyPlan& plan) { plan.max_bytes = 8 << 20; };
  Send(Hello() +
       Frame(FrameType::kHeaders, kEndHeaders, 1, FieldBlock(RequestFields("POST", "/"))));
  for (int i = 0; i < 5; ++i) Send(Frame(FrameType::kData, kNoFlags, 1, std::string(16'000, 'x')));
  Send(Frame(FrameType::kSettings, kAck, 0));
  EXPECT_EQ(goaway(), ~0u);
  Send(Frame(FrameType::kData, kNoFlags, 1, std::string(limits.http2.large_frame_bytes + 1, 'x')));
  EXPECT_EQ(goaway(), kFrameSizeError);
}

TEST_F(Http2LimitsTest, AStreamNumberThatWasPassedOverIsAnError) {
  Send(Hello() + GetFrames(5, "/a"));
  EXPECT_EQ(answer(5).status, "200");
  Send(GetFrames(3, "/b"));
  EXPECT_EQ(goaway(), kProtocolError);
  EXPECT_TRUE(session().HasEnded());
}

TEST_F(Http2LimitsTest, ABadPrefaceEndsTheConnection) {
  Send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
  EXPECT_EQ(goaway(), kProtocolError);
  EXPECT_TRUE(session().HasEnded());
}

TEST_F(Http2LimitsTest, MoreStreamsThanSettingsAllowEndTheConnection) {
  limits.http2.streams = 4;
  hold = true;
  Send(Hello());
  for (std::uint32_t i = 0; i < 4; ++i) Send(GetFrames(2 * i + 1, "/a"));
  EXPECT_EQ(held.size(), 4u);
  Send(GetFrames(9, "/a"));
  EXPECT_EQ(held.size(), 4u);
  EXPECT_EQ(goaway(), kProtocolError);
}

TEST_F(Http2LimitsTest, MoreStreamsBeforeSettingsAreKnownAreRefusedOnly) {
  limits.http2.streams = 4;
  hold = true;
  std::string bytes = std::string(kHttp2Preface) + Frame(FrameType::kSettings, kNoFlags, 0);
  for (std::uint32_t i = 0; i < 200; ++i) bytes += GetFrames(2 * i + 1, "/a");
  Send(bytes);
  EXPECT_EQ(held.size(), 4u);
  EXPECT_EQ(answer(9).reset, kRefusedStream) << "safe to try again";
  EXPECT_FALSE(session().HasEnded());
}

// Floods.

// Bad input G2: rapid reset, HEADERS and RST_STREAM without end, is ENHANCE_YOUR_CALM
// Fault D7: rapid reset
TEST_F(Http2LimitsTest, RapidResetIsBounded) {
  hold = true;
  Send(Hello());
  const std::size_t count = SendUntilEnd(10'000, [](std::size_t i) {
    const auto stream = static_cast<std::uint32_t>(2 * i - 1);
    return GetFrames(stream, "/a") + Frame(FrameType::kRstStream, kNoFlags, stream, BigEndian(8));
  });
  EXPECT_EQ(count, limits.http2.resets + 1);
  EXPECT_EQ(goaway(), kEnhanceYourCalm);
  EXPECT_EQ(sent.goaways.back().reason, "too many streams were reset");
  EXPECT_TRUE(held.empty());
}

// Bad input G2: the same where the client makes the server reset the streams
// Fault D7: resets that the server is made to send
TEST_F(Http2LimitsTest, ResetsThatTheServerIsMadeToSendAreBounded) {
  hold = true;
  Send(Hello());
  const std::size_t count = SendUntilEnd(10'000, [](std::size_t i) {
    const auto stream = static_cast<std::uint32_t>(2 * i - 1);
    return GetFrames(stream, "/a") +
           Frame(FrameType::kWindowUpdate, kNoFlags, stream, BigEndian(0x7fffffff));
  });
  EXPECT_EQ(count, limits.http2.resets + 1);
  EXPECT_EQ(goaway(), kEnhanceYourCalm);
}

TEST_F(Http2LimitsTest, ResetsAmongAnsweredRequestsAreFine) {
  Send(Hello());
  std::uint32_t stream = 1;
  for (int i = 0; i < 1000; ++i) {
    Send(GetFrames(stream, "/a"));
    stream += 2;
    Send(Frame(FrameType::kHeaders, kEndHeaders, stream, FieldBlock(RequestFields("POST", "/"))) +
         Frame(FrameType::kRstStream, kNoFlags, stream, BigEndian(8)));
    stream += 2;
  }
  EXPECT_FALSE(session().HasEnded());
}

TEST_F(Http2LimitsTest, ABudgetFillsAgainInTime) {
  hold = true;
  Send(Hello());
  std::uint32_t stream = 1;
  for (int i = 0; i < 300; ++i, stream += 2) {
    Send(GetFrames(stream, "/a") + Frame(FrameType::kRstStream, kNoFlags, stream, BigEndian(8)));
    Pass(milliseconds(100));
  }
  EXPECT_FALSE(session().HasEnded());
}

// Bad input G3: CONTINUATION without END_HEADERS for ever is ENHANCE_YOUR_CALM
// Fault D7: CONTINUATION
TEST_F(Http2LimitsTest, ContinuationFloodIsBounded) {
  Send(Hello() + HeadFrame(1, RequestFields("GET", "/"), kEndStream));
  const std::string field = FieldBlock({{"x-a", std::string(1000, 'x')}});
  const std::size_t count = SendUntilEnd(
      1000, [&](std::size_t) { return Frame(FrameType::kContinuation, kNoFlags, 1, field); });
  EXPECT_LE(count, 16u);
  EXPECT_EQ(goaway(), kEnhanceYourCalm);
  EXPECT_EQ(answer(1).status, "");
}

// Bad input G3: and so are empty ones
// Fault D7: empty CONTINUATION
TEST_F(Http2LimitsTest, EmptyContinuationFloodIsBounded) {
  Send(Hello() + HeadFrame(1, RequestFields("GET", "/"), kEndStream));
  const std::size_t count =
      SendUntilEnd(1000, [](std::size_t) { return Frame(FrameType::kContinuation, kNoFlags, 1); });
  EXPECT_LE(count, 16u);
  EXPECT_EQ(goaway(), kEnhanceYourCalm);
}

struct Flood {
  const char* name;
  std::string frame;
};

class Http2FloodTest : public Http2LimitsTest, public testing::WithParamInterface<Flood> {};

// Bad input G4: floods of SETTINGS, PING, PRIORITY, WINDOW_UPDATE and empty DATA frames
// Bad input G13: pings too often are GOAWAY too_many_pings
// Fault D7: SETTINGS, PING, PRIORITY, WINDOW_UPDATE, empty DATA
TEST_P(Http2FloodTest, EndsTheConnection) {
  hold = true;
  Send(Hello() +
       Frame(FrameType::kHeaders, kEndHeaders, 1, FieldBlock(RequestFields("POST", "/"))));
  const std::size_t count = SendUntilEnd(10'000, [](std::size_t) { return GetParam().frame; });
  EXPECT_LE(count, limits.http2.control_frames + 1);
  EXPECT_EQ(goaway(), kEnhanceYourCalm);
  const bool pings = std::string_view(GetParam().name).starts_with("Ping");
  EXPECT_EQ(sent.goaways.back().reason == "too_many_pings", pings);
}

INSTANTIATE_TEST_SUITE_P(
    Floods, Http2FloodTest,
    testing::Values(
        Flood{"Settings", Frame(FrameType::kSettings, kNoFlags, 0)},
        Flood{"PingAck", Frame(FrameType::kPing, kAck, 0, "12345678")},
        Flood{"Ping", Frame(FrameType::kPing, kNoFlags, 0, "12345678")},
        Flood{"Priority", Frame(FrameType::kPriority, kNoFlags, 1, BigEndian(0) + "x")},
        Flood{"WindowUpdate", Frame(FrameType::kWindowUpdate, kNoFlags, 0, BigEndian(1))},
        Flood{"EmptyData", Frame(FrameType::kData, kNoFlags, 1)},
        Flood{"PaddedData", Frame(FrameType::kData, 0x8, 1, std::string("\x03\0\0\0", 4))}),
    [](const auto& info) { return info.param.name; });

TEST_F(Http2LimitsTest, AFloodInOneReadIsBoundedToo) {
  std::string bytes = Hello();
  for (int i = 0; i < 100'000; ++i) bytes += Frame(FrameType::kPing, kNoFlags, 0, "12345678");
  Send(bytes);
  EXPECT_EQ(goaway(), kEnhanceYourCalm);
  EXPECT_LE(sent.ping_answers, 1000);
}

TEST_F(Http2LimitsTest, WindowUpdatesAndPingsAlongWithAnswersAreFine) {
  Send(Hello());
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    Send(GetFrames(2 * i + 1, "/a") + Frame(FrameType::kPing, kNoFlags, 0, "12345678") +
         Frame(FrameType::kWindowUpdate, kNoFlags, 0, BigEndian(100)));
  }
  EXPECT_FALSE(session().HasEnded());
}

// Bad input G4: a window opened beyond 2^31-1 is FLOW_CONTROL_ERROR, an increment of 0 an error
TEST_F(Http2LimitsTest, AWindowThatOverflowsEndsTheConnection) {
  Send(Hello() + Frame(FrameType::kWindowUpdate, kNoFlags, 0, BigEndian(0x7fffffff)));
  EXPECT_EQ(goaway(), kFlowControlError);
}
TEST_F(Http2LimitsTest, AnEmptyWindowUpdateIsAnError) {
  Send(Hello() + Frame(FrameType::kWindowUpdate, kNoFlags, 0, BigEndian(0)));
  EXPECT_EQ(goaway(), kProtocolError);
}
TEST_F(Http2LimitsTest, MoreThanTheWindowIsAnError) {
  limits.http2.stream_window = 10;
  service.plan = [](const RequestHead&, BodyPlan&) {};
  Send(Hello() + PostFrames(1, "/", std::string(11, 'x')));
  EXPECT_EQ(answer(1).reset, kFlowControlError);
}

// Heads.

struct BadHead {
  const char* name;
  std::vector<Header> fields;
};

class Http2BadHeadTest : public Http2LimitsTest, public testing::WithParamInterface<BadHead> {};

// Bad input G5: upper case, connection-specific headers, :path twice, empty or absent,
// pseudo-headers Bad input G5: after others are a stream's PROTOCOL_ERROR
TEST_P(Http2BadHeadTest, IsAnErrorOfItsStream) {
  hold = true;
  Send(Hello() + HeadFrame(1, GetParam().fields));
  EXPECT_EQ(answer(1).reset, kProtocolError);
  EXPECT_TRUE(held.empty());
  hold = false;
  Send(GetFrames(3, "/alive"));
  EXPECT_EQ(answer(3).status, "200");
}

INSTANTIATE_TEST_SUITE_P(
    Heads, Http2BadHeadTest,
    testing::Values(
        BadHead{"UpperCase", RequestFields("GET", "/", {{"X-A", "1"}})},
        BadHead{"EmptyName", RequestFields("GET", "/", {{"", "1"}})},
        BadHead{"NameWithSpace", RequestFields("GET", "/", {{"x a", "1"}})},
        BadHead{"ValueWithLineEnd", RequestFields("GET", "/", {{"x-a", "1\r\nhost: b"}})},
        BadHead{"ValueWithNul", RequestFields("GET", "/", {{"x-a", std::string("\0", 1)}})},
        BadHead{"Connection", RequestFields("GET", "/", {{"connection", "close"}})},
        BadHead{"KeepAlive", RequestFields("GET", "/", {{"keep-alive", "1"}})},
        BadHead{"ProxyConnection", RequestFields("GET", "/", {{"proxy-connection", "close"}})},
        BadHead{"TransferEncoding", RequestFields("GET", "/", {{"transfer-encoding", "chunked"}})},
        BadHead{"Upgrade", RequestFields("GET", "/", {{"upgrade", "h2c"}})},
        BadHead{"TwoPaths", RequestFields("GET", "/", {{":path", "/b"}})},
        BadHead{"PseudoAfterRegular",
                RequestFields("GET", "/", {{"x-a", "1"}, {":status", "200"}})},
        BadHead{"UnknownPseudo", RequestFields("GET", "/", {{":protocol", "websocket"}})},
        BadHead{"EmptyPath", RequestFields("GET", "")},
        BadHead{"RelativePath", RequestFields("GET", "a")},
        BadHead{"NoPath", {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}}},
        BadHead{"NoMethod", {{":scheme", "http"}, {":authority", "a"}, {":path", "/"}}},
        BadHead{"NoScheme", {{":method", "GET"}, {":authority", "a"}, {":path", "/"}}},
        BadHead{"NoAuthority", {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}}},
        BadHead{"TwoLengths",
                RequestFields("GET", "/", {{"content-length", "0"}, {"content-length", "0"}})},
        BadHead{"LengthWithoutBody", RequestFields("GET", "/", {{"content-length", "4"}})},
        BadHead{"LengthNoNumber", RequestFields("GET", "/", {{"content-length", "+4"}})},
        BadHead{"Te", RequestFields("GET", "/", {{"te", "x"}})}),
    [](const auto& info) { return info.param.name; });

TEST_F(Http2LimitsTest, ABodyOfAnotherLengthIsAnError) {
  hold = true;
  Send(Hello() + PostFrames(1, "/", "12345", {{"content-length", "4"}}) +
       PostFrames(3, "/", "123", {{"content-length", "4"}}));
  EXPECT_EQ(answer(1).reset, kProtocolError);
  EXPECT_EQ(answer(3).reset, kProtocolError);
  EXPECT_TRUE(held.empty());
}

TEST_F(Http2LimitsTest, TeOfTrailersIsFine) {
  Send(Hello() + GetFrames(1, "/a", {{"te", "trailers"}}));
  EXPECT_EQ(answer(1).status, "200");
}

struct RefusedHead {
  const char* name;
  std::vector<Header> fields;
  const char* status;
};

class Http2RefusedHeadTest : public Http2LimitsTest,
                             public testing::WithParamInterface<RefusedHead> {};

// Bad input G6: a strange :scheme and headers of more than 8 KiB are answered, and hurt nobody
// Bad input H12: headers beyond 32 KiB or 100
// Bad input H13: a Host whose port is none
// Bad input H14: an :authority and a Host that differ
// Bad input H15: CONNECT, and a method nobody knows
// Bad input H17: an expectation nobody meets
// Bad input H19: paths that leave the tree
TEST_P(Http2RefusedHeadTest, IsAnsweredOnItsStream) {
  Send(Hello() + HeadFrame(1, GetParam().fields));
  EXPECT_EQ(answer(1).status, GetParam().status);
  EXPECT_TRUE(answer(1).ended);
  Send(GetFrames(3, "/alive"));
  EXPECT_EQ(answer(3).status, "200");
}

INSTANTIATE_TEST_SUITE_P(
    Heads, Http2RefusedHeadTest,
    testing::Values(
        RefusedHead{"OtherHost", RequestFields("GET", "/", {{"host", "other"}}), "400"},
        RefusedHead{"SameHost", RequestFields("GET", "/", {{"host", "localhost"}}), "200"},
        RefusedHead{"Port",
                    {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "a:99999"}},
                    "400"},
        RefusedHead{"Connect", {{":method", "CONNECT"}, {":authority", "a:1"}}, "501"},
        RefusedHead{"LongMethod", RequestFields(std::string(40, 'A'), "/"), "501"},
        RefusedHead{"LongPath", RequestFields("GET", "/" + std::string(8192, 'a')), "414"},
        RefusedHead{"DotDot", RequestFields("GET", "/a/../b"), "400"},
        RefusedHead{"EncodedSlash", RequestFields("GET", "/a%2fb"), "400"},
        RefusedHead{"Expect", RequestFields("GET", "/", {{"expect", "magic"}}), "417"},
        RefusedHead{"StrangeScheme",
                    {{":method", "GET"},
                     {":scheme", "x"},
                     {":authority", "a"},
                     {":path", "/a"},
                     {"x-a", std::string(9000, 'a')}},
                    "200"},
        RefusedHead{"LargeHeaders", RequestFields("GET", "/", {{"x-a", std::string(33'000, 'a')}}),
                    "431"},
        RefusedHead{"ManyHeaders",
                    RequestFields("GET", "/", std::vector<Header>(101, Header{"x", "1"})), "431"}),
    [](const auto& info) { return info.param.name; });

// Bad input H12: a few bytes of HPACK that stand for megabytes of headers end the connection
TEST_F(Http2LimitsTest, ABombOfHeadersEndsTheConnection) {
  // A field of 4000 bytes into the table (0x40), then one byte for each repetition of it.
  std::string block = FieldBlock(RequestFields("GET", "/"));
  std::string field = FieldBlock({{"x-bomb", std::string(3900, 'x')}});
  field[0] = 0x40;
  block += field + std::string(10'000, '\xbe');
  Send(Hello() + Frame(FrameType::kHeaders, kEndHeaders | kEndStream, 1, block));
  EXPECT_EQ(goaway(), kEnhanceYourCalm);
  EXPECT_THAT(sent.goaways.back().reason, HasSubstr("headers"));
}

TEST_F(Http2LimitsTest, HeadersThatDoNotDecompressEndTheConnection) {
  Send(Hello() + Frame(FrameType::kHeaders, kEndHeaders | kEndStream, 1, "\xff\xff\xff\xff\xff"));
  EXPECT_EQ(goaway(), kCompressionError);
}

}  // namespace
}  // namespace slipway::net
