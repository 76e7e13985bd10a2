// HTTP/2 over sockets, beside HTTP/1.1 on one port.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <string>
#include <thread>

#include "net/testing/http2_wire.h"
#include "net/testing/raw_client.h"
#include "net/testing/test_service.h"

namespace slipway::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::StartsWith;

/// A client whose frames are made by hand.
class Http2Client {
 public:
  explicit Http2Client(std::uint16_t port) : socket(port) { socket.Send(Hello()); }

  void Send(std::string_view bytes) { socket.Send(bytes); }
  /// Receives until `done`; false if the connection ends first.
  bool Await(const std::function<bool()>& done) {
    while (!done()) {
      const std::string bytes = socket.ReceiveSome();
      if (bytes.empty()) return false;
      sent.Take(bytes);
    }
    return true;
  }
  const Http2Transcript::Answer& Answer(std::uint32_t stream) {
    Await([&] { return sent.answers[stream].ended || sent.answers[stream].reset; });
    return sent.answers[stream];
  }

  RawClient socket;
  Http2Transcript sent;
};

TEST(Http2Server, SpeaksBothProtocolsOnOnePort) {
  TestService service;
  const auto server = StartServer(service);
  Http2Client modern(server->port());
  RawClient plain(server->port());
  modern.Send(PostFrames(1, "/a", "body"));
  EXPECT_EQ(modern.Answer(1).body, "POST a ? [body]");
  EXPECT_EQ(plain.Ask("GET /b HTTP/1.1\r\nHost: a\r\n\r\n").body, "GET b ? []");
  EXPECT_EQ(server->Counts().requests_total, 2u);
  EXPECT_EQ(server->Counts().requests_in_flight, 0u);
}

TEST(Http2Server, APlansNoteIsThereUntilTheRequestIsAnswered) {
  TestService service;
  const auto note = std::make_shared<int>(1);
  service.plan = [&](const RequestHead&, BodyPlan& plan) { plan.note = note; };
  const void* seen = nullptr;
  service.serve = [&](const std::shared_ptr<Exchange>& exchange) {
    seen = exchange->head().note.get();
    exchange->Send({});
    EXPECT_EQ(exchange->head().note, nullptr);
  };
  const auto server = StartServer(service);
  Http2Client client(server->port());
  client.Send(PostFrames(1, "/a", "body"));
  EXPECT_TRUE(client.Answer(1).ended);
  EXPECT_EQ(seen, note.get());
}

TEST(Http2Server, ThePrefaceMayComeInSingleBytes) {
  TestService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  for (const char byte : Hello() + GetFrames(1, "/a")) client.Send({&byte, 1});
  Http2Transcript sent;
  while (!sent.answers[1].ended) sent.Take(client.ReceiveSome());
  EXPECT_EQ(sent.answers[1].body, "GET a ? []");
}

TEST(Http2Server, WhatOnlyBeginsLikeThePrefaceIsHttp11) {
  TestService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  client.Send("P");
  client.Send("OST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(client.Receive().body, "POST a ? [x]");
}

TEST(Http2Server, AnUnfinishedPrefaceIsNotWaitedForForEver) {
  TestService service;
  const auto server = StartServer(service, {.header_timeout = milliseconds(50)});
  RawClient client(server->port());
  client.Send("PRI * HTTP/2.0\r\n\r\nSM");
  EXPECT_TRUE(client.EndsNow());
}

TEST(Http2Server, StreamsDoNotWaitForEachOther) {
  TestService service;
  const auto server = StartServer(service);
  Http2Client client(server->port());
  client.Send(GetFrames(1, "/held"));
  const auto held = service.NextHeld();
  ASSERT_TRUE(held);
  client.Send(GetFrames(3, "/a"));
  EXPECT_EQ(client.Answer(3).body, "GET a ? []");
  EXPECT_EQ(server->Counts().requests_in_flight, 1u);
  std::thread([&] { held->Send(Response::Text(200, "text/plain", "late")); }).join();
  EXPECT_EQ(client.Answer(1).body, "late");
}

TEST(Http2Server, ARoundEndsWithTheNumberOfRequestsThatWereRejectedInIt) {
  TestService service;
  service.plan = [](const RequestHead& head, BodyPlan& plan) {
    if (head.segments[0] == "no") plan.reject = Response::Text(404, "text/plain", "no");
  };
  const auto server = StartServer(service);
  Http2Client client(server->port());
  client.Send(GetFrames(1, "/no") + GetFrames(3, "/a") + GetFrames(5, "/no"));
  for (const unsigned stream : {1u, 3u, 5u}) (void)client.Answer(stream);
  EXPECT_EQ(service.rejected, 2u);
}

// Fault C6: one stream of several
TEST(Http2Server, ACancelledStreamAbandonsItsRequestAlone) {
  TestService service;
  const auto server = StartServer(service);
  Http2Client client(server->port());
  client.Send(GetFrames(1, "/held") + GetFrames(3, "/held"));
  const auto first = service.NextHeld();
  const auto second = service.NextHeld();
  ASSERT_TRUE(first && second);
  client.Send(Frame(FrameType::kRstStream, kNoFlags, 1, BigEndian(kCancel)) +
              Frame(FrameType::kPing, kNoFlags, 0, "12345678"));
  ASSERT_TRUE(client.Await([&] { return client.sent.ping_answers == 1; }));
  EXPECT_TRUE(first->Abandoned());
  EXPECT_FALSE(second->Abandoned());
  first->Send(Response::Text(200, "text/plain", "nobody wants it"));
  second->Send(Response::Text(200, "text/plain", "second"));
  EXPECT_EQ(client.Answer(3).body, "second");
}

// Fault C6: over HTTP/2
TEST(Http2Server, AClientThatHasGoneAbandonsItsRequests) {
  TestService service;
  const auto server = StartServer(service);
  Http2Client client(server->port());
  client.Send(GetFrames(1, "/held"));
  const auto held = service.NextHeld();
  ASSERT_TRUE(held);
  client.socket.Reset();
  while (server->Counts().open > 0) std::this_thread::yield();
  EXPECT_TRUE(held->Abandoned());
  EXPECT_EQ(server->Counts().requests_in_flight, 0u);
}

TEST(Http2Server, AnExchangeThatIsDroppedIsAnswered500) {
  TestService service;
  service.serve = [](std::shared_ptr<Exchange>) {};
  const auto server = StartServer(service);
  Http2Client client(server->port());
  client.Send(GetFrames(1, "/a"));
  EXPECT_EQ(client.Answer(1).status, "500");
}

TEST(Http2Server, AnswersAClientThatSendsNoMore) {
  TestService service;
  const auto server = StartServer(service);
  Http2Client client(server->port());
  client.Send(GetFrames(1, "/held"));
  const auto held = service.NextHeld();
  ASSERT_TRUE(held);
  client.socket.FinishSending();
  held->Send(Response::Text(200, "text/plain", "late"));
  EXPECT_EQ(client.Answer(1).body, "late");
  EXPECT_FALSE(client.Await([] { return false; })) << "then it ends";
}

// Fault D8: over HTTP/2
TEST(Http2Server, MovesLargeBodiesBothWays) {
  TestService service;
  service.plan = [](const RequestHead&, BodyPlan& plan) { plan.max_bytes = 64 << 20; };
  const auto server = StartServer(service);
  Http2Client client(server->port());
  client.Send(SettingFrame(4, 0x7fffffff) +
              Frame(FrameType::kWindowUpdate, kNoFlags, 0, BigEndian(0x7fff0000)));
  client.Send(Frame(FrameType::kHeaders, kEndHeaders, 1, FieldBlock(RequestFields("POST", "/"))));
  const std::string piece(16'000, 'x');
  for (std::size_t sent = piece.size(); sent <= 1200 * piece.size(); sent += piece.size()) {
    ASSERT_TRUE(client.Await([&] {
      return (1 << 20) + client.sent.windows[1] >= sent && 65535 + client.sent.windows[0] >= sent;
    }));
    client.Send(Frame(FrameType::kData, kNoFlags, 1, piece));
  }
  client.Send(Frame(FrameType::kData, kEndStream, 1));
  EXPECT_EQ(client.Answer(1).body.size(), 1200 * piece.size() + std::string("POST  ? []").size());
}

TEST(Http2Server, AClientThatTakesNothingIsReset) {
  TestService service;
  service.serve = [](std::shared_ptr<Exchange> exchange) {
    exchange->Send(Response::Text(200, "text/plain", std::string(64 << 20, 'x')));
  };
  const auto server = StartServer(service, {.write_stall = milliseconds(100)});
  Http2Client client(server->port());
  client.Send(SettingFrame(4, 0x7fffffff) +
              Frame(FrameType::kWindowUpdate, kNoFlags, 0, BigEndian(0x7fff0000)) +
              GetFrames(1, "/a"));
  while (server->Counts().requests_total == 0) std::this_thread::yield();
  while (server->Counts().open > 0) std::this_thread::yield();
  EXPECT_EQ(server->Counts().requests_in_flight, 0u);
}

// Fault E6: over HTTP/2
TEST(Http2Server, ADrainAnswersWhatIsInFlightAndLosesNothing) {
  TestService service;
  const auto server = StartServer(service);
  Http2Client client(server->port());
  client.Send(GetFrames(1, "/held"));
  const auto held = service.NextHeld();
  ASSERT_TRUE(held);
  auto drained = std::async(std::launch::async, [&] { return server->Drain(seconds(60)); });
  ASSERT_TRUE(
      client.Await([&] { return !client.sent.goaways.empty() && !client.sent.pings.empty(); }));
  EXPECT_EQ(client.sent.goaways[0].code, kNoError);
  // It was on the way before the client knew.
  client.Send(GetFrames(3, "/a") + Frame(FrameType::kPing, kAck, 0, client.sent.pings[0]));
  EXPECT_EQ(client.Answer(3).body, "GET a ? []");
  held->Send(Response::Text(200, "text/plain", "late"));
  EXPECT_EQ(client.Answer(1).body, "late");
  EXPECT_FALSE(client.Await([] { return false; }));
  EXPECT_EQ(drained.get(), 0u);
}

TEST(Http2Server, ADrainCountsWhatItDrops) {
  TestService service;
  const auto server = StartServer(service);
  Http2Client client(server->port());
  client.Send(GetFrames(1, "/held"));
  const auto held = service.NextHeld();
  ASSERT_TRUE(held);
  EXPECT_EQ(server->Drain(milliseconds(1)), 1u);
  EXPECT_TRUE(held->Abandoned());
}

// Fault D7: that connection alone
TEST(Http2Server, AFloodEndsItsConnectionAlone) {
  TestService service;
  const auto server = StartServer(service);
  Http2Client client(server->port());
  std::string flood;
  for (int i = 0; i < 5000; ++i) flood += Frame(FrameType::kPing, kNoFlags, 0, "12345678");
  client.Send(flood);
  client.Await([] { return false; });
  ASSERT_FALSE(client.sent.goaways.empty());
  EXPECT_EQ(client.sent.goaways.back().code, kEnhanceYourCalm);
  Http2Client other(server->port());
  other.Send(GetFrames(1, "/alive"));
  EXPECT_EQ(other.Answer(1).status, "200");
}

}  // namespace
}  // namespace slipway::net
