#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/http/stream_exchange.h"
#include "net/testing/http2_session_fixture.h"
#include "net/testing/raw_client.h"

namespace slipway::net {
namespace {

/// Takes what comes and remembers what it was told; the test plays its exchange.
class RecordingHandler final : public StreamHandler {
 public:
  void Take(std::span<const std::byte> bytes, const std::shared_ptr<BodyMemory>&) override {
    body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void Open(std::shared_ptr<StreamExchange>) override {}
  void Work() override { ++works; }

  std::string body;
  int works = 0;
};

class Http2Streaming : public Http2SessionFixture {
 protected:
  Http2Streaming() {
    hold = true;
    limits.http2.stream_window = 65'535;
    limits.http2.stream_unsent = 10'000;
    limits.body_grace = std::chrono::seconds(10);
    limits.write_stall = std::chrono::seconds(30);
    service.plan = [this](const RequestHead&, BodyPlan& plan) { plan.stream = handler; };
  }

  /// Begins the one request, number 1, with an open body.
  void Begin() {
    Send(Hello());
    Send(Frame(FrameType::kHeaders, kEndHeaders, 1, FieldBlock(RequestFields("POST", "/stream"))));
    DoWork();
  }
  void SendBody(std::string_view bytes, std::uint8_t flags = kNoFlags) {
    Send(Frame(FrameType::kData, flags, 1, bytes));
    DoWork();
  }
  void DoWork() {
    while (auto work = session().NextWork()) {
      work->handler->Work();
      is_over = is_over || work->is_last;
    }
  }
  void AnswerHead() {
    session().Begin(1, {.content_type = "text/plain"}, kDate);
    Collect();
  }
  void SendAnswer(std::string text) {
    std::vector<BodyPart> parts;
    parts.push_back(BodyPart::Of(std::move(text)));
    session().Send(1, std::move(parts));
    Collect();
  }
  StreamExchange::State state() { return session().StateOf(1); }

  const std::shared_ptr<RecordingHandler> handler = std::make_shared<RecordingHandler>();
  bool is_over = false;
};

TEST_F(Http2Streaming, ServesARequestAtItsHead) {
  Begin();
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].handler, handler);
  EXPECT_EQ(held[0].head.target, "/stream");
  EXPECT_EQ(handler->works, 1);
  EXPECT_FALSE(state().body_ended);
}

TEST_F(Http2Streaming, BodyAndAnswerTravelAtTheSameTime) {
  Begin();
  AnswerHead();
  SendBody("ab");
  EXPECT_EQ(handler->body, "ab");
  SendAnswer("AB");
  EXPECT_EQ(answer(1).status, "200");
  EXPECT_EQ(answer(1).body, "AB");
  EXPECT_FALSE(answer(1).ended);
  SendBody("cd", kEndStream);
  EXPECT_EQ(handler->body, "abcd");
  EXPECT_TRUE(state().body_ended);
  SendAnswer("CD");
  session().End(1, {{"x-end", "yes"}});
  Collect();
  DoWork();
  EXPECT_EQ(answer(1).body, "ABCD");
  EXPECT_TRUE(answer(1).ended);
  EXPECT_EQ(answer(1).trailers, (std::vector<Header>{{"x-end", "yes"}}));
  EXPECT_TRUE(is_over);
  EXPECT_EQ(session().open_streams(), 0u);
}

TEST_F(Http2Streaming, TheWindowOpensOnlyForWhatIsConsumed) {
  Begin();
  for (int i = 0; i < 3; ++i) SendBody(std::string(16'000, 'x'));
  EXPECT_EQ(sent.windows[1], 0u);
  session().Consume(1, 40'000);
  Collect();
  EXPECT_EQ(sent.windows[1], 40'000u);
}

TEST_F(Http2Streaming, SendingBeyondTheWindowEndsTheStream) {
  Begin();
  for (int i = 0; i < 5; ++i) SendBody(std::string(16'000, 'x'));
  EXPECT_TRUE(answer(1).reset == kFlowControlError || goaway() == kFlowControlError);
  EXPECT_LE(handler->body.size(), 65'535u + limits.http2.frame_bytes);
  EXPECT_TRUE(is_over || goaway() == kFlowControlError);
}

TEST_F(Http2Streaming, WhatACancelledStreamHeldOpensTheConnectionsWindow) {
  limits.http2.connection_window = 65'535;
  Begin();
  for (int i = 0; i < 3; ++i) SendBody(std::string(16'000, 'x'));
  EXPECT_EQ(sent.windows[0], 0u);
  Send(Frame(FrameType::kRstStream, kNoFlags, 1, BigEndian(kCancel)));
  DoWork();
  Collect();
  EXPECT_TRUE(is_over);
  EXPECT_EQ(sent.windows[0], 48'000u);
}

TEST_F(Http2Streaming, ASenderIsToldToStopAndToGoOn) {
  Begin();
  AnswerHead();
  SendAnswer(std::string(65'535, 'x'));  // all that the client takes unasked
  EXPECT_TRUE(state().has_room);
  SendAnswer(std::string(10'001, 'y'));
  EXPECT_FALSE(state().has_room);
  const int works = handler->works;
  Send(Frame(FrameType::kWindowUpdate, kNoFlags, 0, BigEndian(8'000)));
  Send(Frame(FrameType::kWindowUpdate, kNoFlags, 1, BigEndian(8'000)));
  DoWork();
  EXPECT_TRUE(state().has_room);
  EXPECT_GT(handler->works, works);
}

TEST_F(Http2Streaming, AClientThatTakesNothingIsReset) {
  Begin();
  AnswerHead();
  SendAnswer(std::string(65'535, 'x'));
  SendAnswer(std::string(5'000, 'y'));
  Pass(std::chrono::seconds(29));
  EXPECT_FALSE(answer(1).reset.has_value());
  Pass(std::chrono::seconds(2));
  DoWork();
  EXPECT_EQ(answer(1).reset, kCancel);
  EXPECT_TRUE(is_over);
}

TEST_F(Http2Streaming, AStreamThatRestsIsNotSlow) {
  Begin();
  AnswerHead();
  SendAnswer("x");
  Pass(std::chrono::hours(1));
  EXPECT_FALSE(state().is_late);
  SendAnswer("y");
  Pass(std::chrono::seconds(1));
  DoWork();
  EXPECT_EQ(answer(1).body, "xy");
  EXPECT_FALSE(is_over);
}

TEST_F(Http2Streaming, AClientThatRestsIsAskedWhetherItIsThere) {
  Begin();
  Pass(limits.idle_timeout);
  ASSERT_EQ(sent.pings.size(), 1u);
  Send(Frame(FrameType::kPing, kAck, 0, sent.pings[0]));
  Pass(limits.idle_timeout - std::chrono::seconds(1));
  EXPECT_TRUE(sent.goaways.empty());
  Pass(std::chrono::seconds(1));
  EXPECT_EQ(sent.pings.size(), 2u);
  Pass(limits.idle_timeout);
  EXPECT_EQ(sent.goaways.size(), 1u);
  EXPECT_TRUE(session().HasEnded());
}

TEST_F(Http2Streaming, AnAwaitedBodyThatDoesNotComeIsLate) {
  Begin();
  session().AwaitBody(1, true);
  Pass(std::chrono::seconds(9));
  EXPECT_FALSE(state().is_late);
  Pass(std::chrono::seconds(2));
  EXPECT_TRUE(state().is_late);
  EXPECT_TRUE(session().HasWork());
}

TEST_F(Http2Streaming, WakesOnceAtTheTimeAskedFor) {
  Begin();
  session().WakeAt(1, state().now + std::chrono::seconds(5));
  Pass(std::chrono::seconds(4));
  EXPECT_FALSE(session().HasWork());
  Pass(std::chrono::seconds(2));
  EXPECT_TRUE(session().HasWork());
  DoWork();
  Pass(std::chrono::seconds(20));
  EXPECT_FALSE(session().HasWork());
}

TEST_F(Http2Streaming, HearsOfADrainAndMayFinish) {
  Begin();
  AnswerHead();
  session().BeginShutdown();
  Collect();
  DoWork();
  EXPECT_TRUE(state().is_draining);
  EXPECT_EQ(handler->works, 2);
  SendAnswer("the rest");
  session().End(1, {{"x-end", "yes"}});
  Collect();
  EXPECT_EQ(answer(1).body, "the rest");
  EXPECT_TRUE(answer(1).ended);
}

TEST_F(Http2Streaming, HandlersThatAreLeftAreOwedALastCall) {
  Begin();
  const auto cancelled = held[0].cancelled;
  ASSERT_EQ(session().Abandon().size(), 1u);
  EXPECT_TRUE(cancelled->load());
}

TEST_F(Http2Streaming, ARefusalToAListeningClientDoesNotWaitForTheBody) {
  service.plan = [](const RequestHead&, BodyPlan& plan) {
    plan.client_listens = true;
    plan.reject = Response::Text(400, "text/plain", "no");
  };
  Begin();
  EXPECT_EQ(answer(1).status, "400");
  EXPECT_TRUE(answer(1).ended);
}

/// Sends back what comes, as it comes, and ends when the client does.
class EchoHandler final : public StreamHandler {
 public:
  explicit EchoHandler(std::atomic<int>& over) : over_(over) {}
  void Take(std::span<const std::byte> bytes, const std::shared_ptr<BodyMemory>&) override {
    waiting_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  void Open(std::shared_ptr<StreamExchange> exchange) override {
    exchange_ = std::move(exchange);
    exchange_->Begin({.content_type = "text/plain"});
  }
  void Work() override {
    const StreamExchange::State state = exchange_->state();
    if (state.is_gone) ++over_;
    if (state.is_gone || !state.has_room) return;
    exchange_->Consume(waiting_.size());
    std::vector<BodyPart> parts;
    parts.push_back(BodyPart::Of(std::exchange(waiting_, {})));
    exchange_->Send(std::move(parts));
    if (state.body_ended || state.is_draining) exchange_->End({{"x-end", "yes"}});
  }

 private:
  std::atomic<int>& over_;
  std::shared_ptr<StreamExchange> exchange_;
  std::string waiting_;
};

/// The same over a socket.
class Http2StreamingServer : public testing::Test {
 protected:
  Http2StreamingServer() {
    service_.plan = [this](const RequestHead&, BodyPlan& plan) {
      plan.stream = std::make_shared<EchoHandler>(over);
      handler = plan.stream;
    };
    server = StartServer(service_);
    socket.emplace(server->port());
    socket->Send(Hello());
    socket->Send(
        Frame(FrameType::kHeaders, kEndHeaders, 1, FieldBlock(RequestFields("POST", "/echo"))));
  }
  void SendBody(std::string_view bytes, std::uint8_t flags = kNoFlags) {
    socket->Send(Frame(FrameType::kData, flags, 1, bytes));
  }
  bool Await(const std::function<bool(const Http2Transcript::Answer&)>& done) {
    while (!done(sent.answers[1])) {
      const std::string bytes = socket->ReceiveSome();
      if (bytes.empty()) return false;
      sent.Take(bytes);
    }
    return true;
  }
  void TearDown() override {
    socket.reset();
    server.reset();
    EXPECT_TRUE(handler.expired()) << "a stream that is over is kept";
  }
  void AwaitEnd() {
    while (over == 0) std::this_thread::yield();
  }

  std::atomic<int> over{0};
  std::weak_ptr<StreamHandler> handler;  // of the stream
  TestService service_;
  std::unique_ptr<HttpServer> server;
  std::optional<RawClient> socket;
  Http2Transcript sent;
};

TEST_F(Http2StreamingServer, AnswersEachPieceBeforeTheNextIsSent) {
  for (const std::string_view piece : {"one", "onetwo", "onetwothree"}) {
    SendBody(piece.substr(sent.answers[1].body.size()));
    ASSERT_TRUE(Await([&](const auto& answer) { return answer.body == piece; }));
  }
  SendBody("", kEndStream);
  ASSERT_TRUE(Await([](const auto& answer) { return answer.ended; }));
  EXPECT_EQ(sent.answers[1].trailers, (std::vector<Header>{{"x-end", "yes"}}));
  AwaitEnd();
  EXPECT_EQ(server->Counts().requests_in_flight, 0u);
}

TEST_F(Http2StreamingServer, CarriesMoreThanEveryWindow) {
  std::string body;
  socket->Send(Frame(FrameType::kWindowUpdate, kNoFlags, 0, BigEndian(1 << 30)) +
               Frame(FrameType::kWindowUpdate, kNoFlags, 1, BigEndian(1 << 30)));
  for (int i = 0; i < 300; ++i) {
    const std::string piece(16'000, static_cast<char>('a' + i % 26));
    body += piece;
    SendBody(piece, i == 299 ? kEndStream : kNoFlags);
    ASSERT_TRUE(Await([&](const auto& answer) { return answer.body.size() == body.size(); }));
  }
  ASSERT_TRUE(Await([](const auto& answer) { return answer.ended; }));
  EXPECT_TRUE(sent.answers[1].body == body);
}

// a client that cancels its stream, or goes, is told to the service at once
TEST_F(Http2StreamingServer, TheServiceHearsThatTheClientCancelled) {
  SendBody("x");
  ASSERT_TRUE(Await([](const auto& answer) { return answer.body == "x"; }));
  socket->Send(Frame(FrameType::kRstStream, kNoFlags, 1, BigEndian(kCancel)));
  AwaitEnd();
}

TEST_F(Http2StreamingServer, TheServiceHearsThatTheConnectionIsGone) {
  SendBody("x");
  ASSERT_TRUE(Await([](const auto& answer) { return answer.body == "x"; }));
  socket.reset();
  AwaitEnd();
}

TEST_F(Http2StreamingServer, ADrainEndsStreamsInOrder) {
  SendBody("x");
  ASSERT_TRUE(Await([](const auto& answer) { return answer.body == "x"; }));
  auto dropped =
      std::async(std::launch::async, [this] { return server->Drain(std::chrono::seconds(10)); });
  ASSERT_TRUE(Await([](const auto& answer) { return answer.ended; }));
  socket.reset();
  EXPECT_EQ(dropped.get(), 0u);
}

TEST_F(Http2StreamingServer, TheEndOfTheServerIsTheEndOfItsStreams) {
  SendBody("x");
  ASSERT_TRUE(Await([](const auto& answer) { return answer.body == "x"; }));
  server.reset();
  EXPECT_EQ(over, 1);
}

}  // namespace
}  // namespace slipway::net
