#include "net/http_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "base/error_catalogue.h"
#include "net/event_loop.h"
#include "net/raw_client.h"
#include "net/socket_address.h"
#include "net/test_service.h"

namespace slipway::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

std::string Get(std::string_view target, std::string_view headers = "") {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", target, headers);
}

std::string Post(std::string_view target, std::string_view body, std::string_view headers = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n{}",
                     target, body.size(), headers, body);
}

TEST(HttpServer, AnswersOnAConnectionThatIsKept) {
  TestService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.Ask(Post("/v2/models?x=1", "body"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "POST v2|models ?x=1 [body]");
    EXPECT_EQ(answer.Header("Connection"), "");
    EXPECT_THAT(answer.Header("Date"), HasSubstr("GMT"));
  }
  EXPECT_EQ(server->Counts().accepted_total, 1u);
  EXPECT_EQ(server->Counts().requests_total, 3u);
}

TEST(HttpServer, AConnectionIsOverThoughAProcessThatIsBeingStartedHasItsSocketToo) {
  TestService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  EXPECT_EQ(client.Ask(Get("/a")).status, 200);
  const pid_t other = fork();
  if (other == 0) {
    for (;;) pause();
  }
  client.FinishSending();
  const auto until = std::chrono::steady_clock::now() + seconds(10);
  while (server->Counts().open > 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  EXPECT_EQ(server->Counts().open, 0U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(RawClient(server->port()).Ask(Get("/b")).status, 200);
  kill(other, SIGKILL);
  waitpid(other, nullptr, 0);
}

// Asks for a rest far too long after the first request, and notes when the loop is back.
class RestingService final : public TestService {
 public:
  void Serve(std::shared_ptr<Exchange> exchange) override {
    served_.push_back(std::chrono::steady_clock::now());
    TestService::Serve(std::move(exchange));
  }
  std::chrono::nanoseconds FinishRound(unsigned, unsigned) override {
    return served_.size() == 1 && !std::exchange(has_asked_, true) ? seconds(1000) : seconds(0);
  }
  std::chrono::nanoseconds BackAfter() const { return served_.at(1) - served_.at(0); }

 private:
  std::vector<MonotonicTime> served_;
  bool has_asked_ = false;
};

TEST(HttpServer, ALoopRestsWhenItsServiceAsksForItButNotForLong) {
  RestingService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  EXPECT_EQ(client.Ask(Get("/a")).status, 200);
  EXPECT_EQ(client.Ask(Get("/b")).status, 200);
  EXPECT_GE(service.BackAfter(), EventLoop::kLongestRest);
}

TEST(HttpServer, ARoundEndsWithTheNumberOfRequestsThatWereRejectedInIt) {
  TestService service;
  service.plan = [](const RequestHead& head, BodyPlan& plan) {
    if (head.segments[0] == "no") plan.reject = Response::Text(404, "text/plain", "no");
  };
  const auto server = StartServer(service);
  RawClient client(server->port());
  client.Send(Get("/no") + Get("/a") + Get("/no"));
  for (const int status : {404, 200, 404}) EXPECT_EQ(client.Receive().status, status);
  EXPECT_EQ(service.rejected, 2u);
  EXPECT_EQ(client.Ask(Get("/a")).status, 200);
  EXPECT_EQ(service.rejected, 2u);
}

TEST(HttpServer, ARejectedRequestWhoseBodyIsDroppedCountsAsSeveral) {
  TestService service;
  service.plan = [](const RequestHead&, BodyPlan& plan) {
    plan.reject = Response::Text(404, "text/plain", "no");
  };
  const auto server = StartServer(service);
  RawClient client(server->port());
  EXPECT_EQ(client.Ask(Post("/no", std::string(100, 'a'))).status, 404);
  EXPECT_EQ(service.rejected, 1u);
  EXPECT_EQ(client.Ask(Post("/no", std::string(1000 * 1000, 'a'))).status, 404);
  EXPECT_GT(service.rejected, 1u + 5u);
  EXPECT_LT(service.rejected, 1u + 20u);
}

TEST(HttpServer, TakesARequestInSingleBytes) {
  TestService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  for (const char byte : Post("/a", "body")) client.Send({&byte, 1});
  EXPECT_EQ(client.Receive().body, "POST a ? [body]");
}

TEST(HttpServer, ClosesWhenTheClientAsksForIt) {
  TestService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  const auto answer = client.Ask(Get("/a", "Connection: close\r\n"));
  EXPECT_EQ(answer.Header("Connection"), "close");
  EXPECT_TRUE(client.EndsNow());
}

TEST(HttpServer, KeepsAConnectionOfHttp10OnlyOnRequest) {
  TestService service;
  const auto server = StartServer(service);
  RawClient plain(server->port());
  EXPECT_EQ(plain.Ask("GET /a HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_TRUE(plain.EndsNow());
  RawClient kept(server->port());
  const std::string asking = "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ(kept.Ask(asking).Header("Connection"), "keep-alive");
  EXPECT_EQ(kept.Ask(asking).status, 200);
}

TEST(HttpServer, AnswersHeadWithoutABody) {
  TestService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  client.Send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n" + Get("/b"));
  const auto answer = client.Receive(true);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("Content-Length"), "11");
  EXPECT_EQ(client.Receive().body, "GET b ? []");
}

TEST(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
  TestService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += Post(fmt::format("/{}", i), "x");
  client.Send(requests);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(client.Receive().body, fmt::format("POST {} ? [x]", i));
}

TEST(HttpServer, OverlappingRequestsAreAnsweredInOrderWhateverOrderTheyFinishIn) {
  TestService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  client.Send(Post("/overlap/1", "") + Post("/overlap/2", ""));
  const auto first = service.NextHeld();
  const auto second = service.NextHeld();
  ASSERT_TRUE(first && second);
  second->Send(Response::Text(200, "text/plain", "second"));
  first->Send(Response::Text(200, "text/plain", "first"));
  EXPECT_EQ(client.Receive().body, "first");
  EXPECT_EQ(client.Receive().body, "second");
}

TEST(HttpServer, ARequestThatMustNotOverlapWaitsForTheAnswersBeforeIt) {
  TestService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  client.Send(Post("/held/1", "") + Post("/held/2", ""));
  const auto first = service.NextHeld();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->head().segments[1], "1");
  EXPECT_EQ(server->Counts().requests_in_flight, 1u);
  first->Send(Response::Text(200, "text/plain", "first"));
  const auto second = service.NextHeld();
  ASSERT_TRUE(second);
  second->Send(Response::Text(200, "text/plain", "second"));
  EXPECT_EQ(client.Receive().body, "first");
  EXPECT_EQ(client.Receive().body, "second");
}

TEST(HttpServer, ReadsAheadOnlySoManyRequests) {
  TestService service;
  const auto server = StartServer(service, {.pipelined_requests = 4});
  RawClient client(server->port());
  std::string requests;
  for (int i = 0; i < 8; ++i) requests += Post(fmt::format("/overlap/{}", i), "");
  client.Send(requests);
  std::vector<std::shared_ptr<Exchange>> held;
  for (int i = 0; i < 4; ++i) held.push_back(service.NextHeld());
  EXPECT_EQ(server->Counts().requests_total, 4u);
  for (auto& exchange : held) exchange->Send(Response::Text(200, "text/plain", ""));
  for (int i = 4; i < 8; ++i) service.NextHeld()->Send(Response::Text(200, "text/plain", ""));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(client.Receive().status, 200);
}

TEST(HttpServer, AnswersFromAnyThread) {
  TestService service;
  const auto server = StartServer(service, {}, 2);
  RawClient client(server->port());
  client.Send(Get("/held"));
  auto exchange = service.NextHeld();
  ASSERT_TRUE(exchange);
  std::thread([&] { exchange->Send(Response::Text(200, "text/plain", "done")); }).join();
  EXPECT_EQ(client.Receive().body, "done");
}

TEST(HttpServer, PostRunsOnTheConnectionsLoop) {
  TestService service;
  std::promise<std::thread::id> serving;
  std::promise<std::thread::id> posted;
  service.serve = [&](std::shared_ptr<Exchange> exchange) {
    serving.set_value(std::this_thread::get_id());
    std::thread([&, exchange] {
      exchange->Post([&, exchange] {
        posted.set_value(std::this_thread::get_id());
        exchange->Send(Response{});
      });
    }).detach();
  };
  const auto server = StartServer(service);
  RawClient client(server->port());
  EXPECT_EQ(client.Ask(Get("/")).status, 200);
  EXPECT_EQ(serving.get_future().get(), posted.get_future().get());
}

TEST(HttpServer, ADroppedExchangeIsAnswered) {
  TestService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  client.Send(Get("/held"));
  service.NextHeld().reset();
  EXPECT_EQ(client.Receive().status, 500);
}

TEST(HttpServer, LoopsGiveSignsOfLife) {
  TestService service;
  const auto server = StartServer(service, {}, 2);
  for (int i = 0; i < 100; ++i) {
    while (!server->LoopsAnswer()) std::this_thread::yield();
  }
}

TEST(HttpServer, ALoopThatIsStuckGivesNoSignOfLife) {
  TestService service;
  std::latch is_stuck(1);
  std::latch go_on(1);
  service.serve = [&](std::shared_ptr<Exchange> exchange) {
    is_stuck.count_down();
    go_on.wait();
    exchange->Send(Response::Text(200, "text/plain", ""));
  };
  const auto server = StartServer(service, {}, 2);
  RawClient client(server->port());
  client.Send(Get("/a"));
  is_stuck.wait();
  EXPECT_TRUE(server->LoopsAnswer());
  const auto until = std::chrono::steady_clock::now() + milliseconds(50);
  while (std::chrono::steady_clock::now() < until) ASSERT_FALSE(server->LoopsAnswer());
  go_on.count_down();
  EXPECT_EQ(client.Receive().status, 200);
  while (!server->LoopsAnswer()) std::this_thread::yield();
}

TEST(HttpServer, ServesSocketsThatSomebodyElseBound) {
  TestService service;
  HttpServerOptions options;
  std::vector<std::uint16_t> ports;
  for (int i = 0; i < 2; ++i) {
    SocketAddress address = SocketAddress::Parse("127.0.0.1", 0).value();
    auto socket = std::make_shared<FileDescriptor>(::socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_EQ(bind(socket->get(), address.data(), address.size()), 0);
    ASSERT_EQ(listen(socket->get(), 8), 0);
    ASSERT_EQ(fcntl(socket->get(), F_SETFL, O_NONBLOCK), 0);
    getsockname(socket->get(), address.data(), &address.size());
    ports.push_back(address.port());
    options.sockets.push_back(std::move(socket));
  }
  RawClient early(ports[1]);  // waits in the socket until there is a server
  early.Send(Get("/early"));
  const auto server = HttpServer::Listen(options, service).value();
  server->Start();
  EXPECT_EQ(server->port(), ports[0]);
  EXPECT_EQ(early.Receive().status, 200);
  RawClient late(ports[0]);
  EXPECT_EQ(late.Ask(Get("/late")).status, 200);
}

TEST(HttpServer, TheBodyLiesAlignedWithRoomBehindIt) {
  TestService service;
  service.plan = [](const RequestHead&, BodyPlan& plan) { plan.aligned_offset = 37; };
  service.serve = [](std::shared_ptr<Exchange> exchange) {
    const auto body = exchange->body();
    const bool aligned = reinterpret_cast<std::uintptr_t>(body.data() + 37) % 64 == 0;
    bool padded = true;
    for (std::size_t i = 0; i < 64; ++i) padded &= body.data()[body.size() + i] == std::byte{0};
    exchange->Send(Response::Text(200, "text/plain", fmt::format("{} {}", aligned, padded)));
  };
  const auto server = StartServer(service);
  RawClient client(server->port());
  EXPECT_EQ(client.Ask(Post("/", std::string(100, 'x'))).body, "true true");
  EXPECT_EQ(client.Ask(Post("/", std::string(700'000, 'x'))).body, "true true");
  EXPECT_EQ(client.Ask(Post("/", "")).body, "false true");
}

TEST(HttpServer, LargeBodiesGoBothWays) {
  TestService service;
  service.serve = [](std::shared_ptr<Exchange> exchange) {
    Response response;
    response.parts.push_back({exchange->body(), exchange});
    exchange->Send(std::move(response));
  };
  const auto server = StartServer(service);
  RawClient client(server->port());
  std::string body;
  for (int i = 0; body.size() < 1'000'000; ++i) body += fmt::format("{},", i);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.Ask(Post("/", body)).body, body);
}

// Fault D8: answers that are read slowly
TEST(HttpServer, AClientThatReadsSlowlyGetsAll) {
  TestService service;
  const std::string body(32 * 1024 * 1024, 'y');
  service.serve = [&](std::shared_ptr<Exchange> exchange) {
    exchange->Send(Response::Text(200, "text/plain", body));
  };
  const auto server = StartServer(service);
  RawClient client(server->port());
  client.Send(Get("/") + Get("/"));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(client.Receive().body.size(), body.size());
}

TEST(HttpServer, RequestsBehindALargeAnswerAreServedOnceItIsTaken) {
  TestService service;
  service.serve = [](std::shared_ptr<Exchange> exchange) {
    exchange->Send(Response::Text(200, "text/plain", std::string(2'000'000, 'x')));
  };
  const auto server = StartServer(service);
  RawClient client(server->port());
  for (int i = 0; i < 40; ++i) client.Send(Get("/x"));
  while (server->Counts().requests_total == 0) poll(nullptr, 0, 1);
  for (int i = 0; i < 40; ++i) ASSERT_EQ(client.Receive().body.size(), 2'000'000u) << i;
}

// Fault C7: an answer
TEST(HttpServer, AClientThatReadsNothingIsReset) {
  TestService service;
  std::atomic<std::size_t> open_bodies{0};
  service.serve = [&](std::shared_ptr<Exchange> exchange) {
    exchange->Send(Response::Text(200, "text/plain", std::string(32 * 1024 * 1024, 'y')));
  };
  const auto server = StartServer(service, {.write_stall = milliseconds(40)});
  RawClient client(server->port());
  client.Send(Get("/"));
  const std::string received = [&] {
    while (server->Counts().open > 0 || server->Counts().requests_total == 0)
      std::this_thread::yield();
    return client.ReceiveAll();
  }();
  EXPECT_LT(received.size(), 32u * 1024 * 1024);
}

TEST(HttpServer, AnIdleConnectionIsClosed) {
  TestService service;
  const auto server = StartServer(service, {.idle_timeout = milliseconds(40)});
  RawClient client(server->port());
  EXPECT_EQ(client.Ask(Get("/")).status, 200);
  EXPECT_TRUE(client.EndsNow());
}

TEST(HttpServer, ARequestInTheHandsOfTheServiceIsNotIdle) {
  TestService service;
  const auto server = StartServer(service, {.idle_timeout = milliseconds(20)});
  RawClient slow(server->port());
  slow.Send(Get("/held"));
  const auto exchange = service.NextHeld();
  RawClient idle(server->port());
  EXPECT_TRUE(idle.EndsNow());  // two idle times have passed for the other one, too
  exchange->Send(Response::Text(200, "text/plain", "late"));
  EXPECT_EQ(slow.Receive().body, "late");
}

// Fault C7: a head
TEST(HttpServer, AHeadThatDoesNotEndIsTimedOut) {
  TestService service;
  const auto server = StartServer(service, {.header_timeout = milliseconds(40)});
  RawClient client(server->port());
  const auto answer = client.Ask("GET / HTTP/1.1\r\nHost: a\r\n");
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.Header("Connection"), "close");
  EXPECT_TRUE(client.EndsNow());
}

// Bad input H9: a chunked body whose last chunk never comes is 408
// Fault C7: a body
TEST(HttpServer, ABodyThatStallsIsTimedOut) {
  TestService service;
  const auto server = StartServer(service, {.body_grace = milliseconds(40)});
  RawClient chunked(server->port());
  EXPECT_EQ(
      chunked.Ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
          .status,
      408);
  EXPECT_TRUE(chunked.EndsNow());
  RawClient counted(server->port());
  EXPECT_EQ(counted.Ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\nx").status, 408);
}

class LeavingClientTest : public testing::TestWithParam<std::string_view> {};
INSTANTIATE_TEST_SUITE_P(Headers, LeavingClientTest, testing::Values("", "Connection: close\r\n"));

// Fault C6: by a reset
// Fault E13: a reset while an answer is awaited
TEST_P(LeavingClientTest, AbandonsItsRequest) {
  TestService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  client.Send(Get("/held", GetParam()));
  const auto exchange = service.NextHeld();
  ASSERT_TRUE(exchange);
  EXPECT_FALSE(exchange->Abandoned());
  client.Reset();
  while (!exchange->Abandoned()) std::this_thread::yield();
  exchange->Send(Response{});  // ignored
  while (server->Counts().open > 0) std::this_thread::yield();
  EXPECT_EQ(server->Counts().requests_in_flight, 0u);
}

TEST(HttpServer, AHalfClosedClientStillGetsItsAnswers) {
  TestService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  client.Send(Get("/a") + Get("/held") + Get("/b"));
  client.FinishSending();
  const auto exchange = service.NextHeld();
  ASSERT_TRUE(exchange);
  while (!exchange->Abandoned()) std::this_thread::yield();
  exchange->Send(Response::Text(200, "text/plain", "held"));
  EXPECT_EQ(client.Receive().body, "GET a ? []");
  EXPECT_EQ(client.Receive().body, "held");
  EXPECT_EQ(client.Receive().body, "GET b ? []");
  EXPECT_TRUE(client.EndsNow());
}

TEST(HttpServer, AClientThatSaidItWouldCloseAndStopsSendingStillWaits) {
  TestService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  client.Send(Get("/held", "Connection: close\r\n"));
  const auto exchange = service.NextHeld();
  ASSERT_TRUE(exchange);
  client.FinishSending();
  // Its one loop hears of this request after that end.
  EXPECT_EQ(RawClient(server->port()).Ask(Get("/a")).status, 200);
  EXPECT_FALSE(exchange->Abandoned());
  exchange->Send(Response::Text(200, "text/plain", "held"));
  EXPECT_EQ(client.Receive().body, "held");
  EXPECT_TRUE(client.EndsNow());
}

// Fault D6: in all
TEST(HttpServer, ConnectionsBeyondTheLimitAreTurnedAway) {
  TestService service;
  const auto server = StartServer(service, {.connections = 1});
  RawClient first(server->port());
  EXPECT_EQ(first.Ask(Get("/")).status, 200);
  RawClient second(server->port());
  EXPECT_EQ(second.Receive().status, 503);
  EXPECT_TRUE(second.EndsNow());
  EXPECT_EQ(server->Counts().refused_total, 1u);
  EXPECT_EQ(first.Ask(Get("/")).status, 200);
}

// Fault D6: by address
TEST(HttpServer, AnAddressHasOnlySoManyConnections) {
  TestService service;
  const auto server = StartServer(service, {.connections_per_address = 2});
  {
    RawClient first(server->port());
    RawClient second(server->port());
    EXPECT_EQ(first.Ask(Get("/")).status + second.Ask(Get("/")).status, 400);
    RawClient third(server->port());
    EXPECT_EQ(third.Receive().status, 503);
  }
  while (server->Counts().open > 0) std::this_thread::yield();
  RawClient again(server->port());
  EXPECT_EQ(again.Ask(Get("/")).status, 200);
}

// Fault D8: all bodies together
TEST(HttpServer, AllBodiesTogetherAreBounded) {
  TestService service;
  const auto server = StartServer(service, {.body_bytes_total = 10'000});
  RawClient first(server->port());
  first.Send(Post("/held", std::string(8'000, 'x')));
  auto exchange = service.NextHeld();
  ASSERT_TRUE(exchange);
  RawClient second(server->port());
  const auto answer = second.Ask(Post("/", std::string(8'000, 'x')));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.Header("Retry-After"), "1");
  exchange->Send(Response{});
  EXPECT_EQ(first.Receive().status, 200);
  exchange.reset();
  RawClient third(server->port());
  EXPECT_EQ(third.Ask(Post("/", std::string(8'000, 'x'))).status, 200);
}

TEST(HttpServer, APortInUseIsSaid) {
  TestService service;
  const auto server = StartServer(service);
  const auto second = HttpServer::Listen({.port = server->port()}, service);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().number(), errors::kAddressInUse);
}

TEST(HttpServer, ARejectedRequestsBodyIsNotRead) {
  TestService service;
  service.plan = [](const RequestHead& head, BodyPlan& plan) {
    if (head.segments[0] == "no") plan.reject = Response::Text(404, "text/plain", "no");
  };
  const auto server = StartServer(service);
  RawClient client(server->port());
  // A small body is dropped, and the connection goes on.
  client.Send(Post("/no", "small") + Get("/b"));
  EXPECT_EQ(client.Receive().status, 404);
  EXPECT_EQ(client.Receive().body, "GET b ? []");
  // A large one ends it.
  const auto answer = client.Ask("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.Header("Connection"), "close");
}

TEST(HttpServer, TheAnswerToARejectedRequestComesBehindItsBody) {
  TestService service;
  service.plan = [](const RequestHead& head, BodyPlan& plan) {
    if (head.segments[0] == "no") plan.reject = Response::Text(404, "text/plain", "no");
  };
  const auto server = StartServer(service);
  RawClient client(server->port());
  const std::string body(500'000, 'x');
  client.Send("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n");
  client.Send(std::string_view(body).substr(1));
  EXPECT_EQ(RawClient(server->port()).Ask(Get("/b")).status, 200);  // a round of the loop is over
  pollfd answer_is_there{.fd = client.socket(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&answer_is_there, 1, 0), 0);
  client.Send("x");
  const auto answer = client.Receive();
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.Header("Connection"), "");
  EXPECT_EQ(client.Ask(Get("/b")).body, "GET b ? []");
}

// Bad input H9: a body that stalls ends the connection though it is dropped, with the answer that
// is due
TEST(HttpServer, ARejectedRequestWhoseBodyStallsIsAnsweredAndEnds) {
  TestService service;
  service.plan = [](const RequestHead&, BodyPlan& plan) {
    plan.reject = Response::Text(404, "text/plain", "no");
  };
  const auto server = StartServer(service, {.body_grace = milliseconds(40)});
  RawClient client(server->port());
  client.Send("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\nfew");
  const auto answer = client.Receive();
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.Header("Connection"), "close");
}

TEST(HttpServer, APlansNoteIsThereUntilTheRequestIsAnswered) {
  TestService service;
  const auto note = std::make_shared<int>(1);
  service.plan = [&](const RequestHead&, BodyPlan& plan) { plan.note = note; };
  std::atomic<const void*> seen = nullptr;
  service.serve = [&](const std::shared_ptr<Exchange>& exchange) {
    seen = exchange->head().note.get();
    exchange->Send({});
    EXPECT_EQ(exchange->head().note, nullptr);
  };
  const auto server = StartServer(service);
  EXPECT_EQ(RawClient(server->port()).Ask(Get("/a")).status, 200);
  EXPECT_EQ(seen.load(), note.get());
}

TEST(HttpServer, DrainsAnIdleServerAtOnce) {
  TestService service;
  const auto server = StartServer(service);
  EXPECT_EQ(server->Drain(seconds(10)), 0u);
  RawClient late(server->port());
  EXPECT_FALSE(late.Send(Get("/")) && late.Receive().status != 0);
}

TEST(HttpServer, DrainAnswersWhatIsInFlightAndCloses) {
  TestService service;
  const auto server = StartServer(service, {.drain_linger = milliseconds(50)});
  RawClient client(server->port());
  client.Send(Get("/held"));
  const auto exchange = service.NextHeld();
  ASSERT_TRUE(exchange);
  auto drained = std::async(std::launch::async, [&] { return server->Drain(seconds(10)); });
  exchange->Send(Response::Text(200, "text/plain", "answered"));
  const auto answer = client.Receive();
  EXPECT_EQ(answer.body, "answered");
  while (client.Send(Get("/")) && client.Receive().status == 200) {
  }
  EXPECT_EQ(drained.get(), 0u);
}

TEST(HttpServer, DrainSaysHowManyRequestsItDropped) {
  TestService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  client.Send(Get("/held"));
  const auto exchange = service.NextHeld();
  ASSERT_TRUE(exchange);
  EXPECT_EQ(server->Drain(milliseconds(20)), 1u);
  EXPECT_EQ(server->Counts().dropped_in_drain_total, 1u);
  exchange->Send(Response{});  // too late, and ignored
  EXPECT_EQ(client.Receive().status, 0);
}

/// Connects for each of its requests until nobody listens; how many that were connected had no
/// answer.
int AskAnewUntilRefused(std::uint16_t port) {
  const SocketAddress server = *SocketAddress::Parse("127.0.0.1", port);
  for (int lost = 0;;) {
    const FileDescriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    // Who is turned away would ask again in a second.
    const timeval patience{.tv_sec = 0, .tv_usec = 30'000};
    setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(client.get(), server.data(), server.size()) != 0) return lost;
    const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    std::array<char, 512> answer{};
    if (send(client.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0 ||
        recv(client.get(), answer.data(), answer.size(), 0) <= 0) {
      ++lost;
    }
  }
}

// Fault E6: for who connects at the end
TEST(HttpServer, WhoConnectsAtTheEndIsAnsweredOrRefused) {
  TestService service;
  int lost = 0;
  for (int round = 0; round < 40; ++round) {
    const auto server = StartServer(service);
    std::vector<std::future<int>> clients;
    for (int i = 0; i < 4; ++i)
      clients.push_back(std::async(std::launch::async, AskAnewUntilRefused, server->port()));
    std::this_thread::sleep_for(milliseconds(2));
    server->Drain(seconds(10));
    for (auto& client : clients) lost += client.get();
  }
  EXPECT_EQ(lost, 0);
}

/// Asks again and again on one connection until the server says that it closes; false if a request
/// that the server could have read had no answer.
bool AskUntilClosed(std::uint16_t port, std::atomic<int>& answers) {
  RawClient client(port);
  for (;;) {
    if (!client.Send(Post("/", "12345"))) return false;
    const auto answer = client.Receive();
    if (answer.status != 200) return false;
    ++answers;
    if (answer.Header("Connection") == "close") return true;
  }
}

// Fault E6: on kept connections
TEST(HttpServer, DrainUnderLoadLosesNothing) {
  TestService service;
  const auto server = StartServer(service, {}, 2);
  std::atomic<int> answers{0};
  std::vector<std::future<bool>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(
        std::async(std::launch::async, [&] { return AskUntilClosed(server->port(), answers); }));
  }
  while (answers < 200) std::this_thread::yield();
  EXPECT_EQ(server->Drain(seconds(10)), 0u);
  for (auto& client : clients) EXPECT_TRUE(client.get());
}

TEST(HttpServer, AnExchangeMayOutliveTheServer) {
  TestService service;
  auto server = StartServer(service);
  RawClient client(server->port());
  client.Send(Get("/held"));
  const auto exchange = service.NextHeld();
  ASSERT_TRUE(exchange);
  server.reset();
  EXPECT_TRUE(exchange->Abandoned());
  exchange->Post([] {});
  exchange->Send(Response{});
  EXPECT_EQ(exchange->head().segments[0], "held");
}

}  // namespace
}  // namespace slipway::net
