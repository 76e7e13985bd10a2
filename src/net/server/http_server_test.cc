#include "net/server/http_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
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
#include "net/server/event_loop.h"
#include "net/socket/socket_address.h"
#include "net/testing/http1_requests.h"
#include "net/testing/raw_client.h"
#include "net/testing/test_service.h"

namespace slipway::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using testing::HasSubstr;

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
  nanoseconds FinishRound(unsigned, unsigned) override {
    return served_.size() == 1 ? std::exchange(rest_, nanoseconds(0)) : nanoseconds(0);
  }
  nanoseconds Between(std::size_t from, std::size_t to) const {
    return served_.at(to) - served_.at(from);
  }

 private:
  nanoseconds rest_ = seconds(1000);
  std::vector<MonotonicTime> served_;
};

TEST(HttpServer, ALoopRestsAsItsServiceAsksAndNotForLongAtATime) {
  RestingService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(client.Ask(Get("/a")).status, 200);
  EXPECT_GE(service.Between(0, 1), EventLoop::kLongestRest);
  EXPECT_GE(service.Between(0, 3), 3 * EventLoop::kLongestRest);
}

TEST(HttpServer, ALoopThatHadNothingToDoHasRested) {
  constexpr int kRests = 20;
  RestingService service;
  const auto server = StartServer(service);
  RawClient client(server->port());
  EXPECT_EQ(client.Ask(Get("/a")).status, 200);
  std::this_thread::sleep_for(2 * kRests * EventLoop::kLongestRest);
  for (int i = 0; i < kRests; ++i) EXPECT_EQ(client.Ask(Get("/a")).status, 200);
  EXPECT_LT(service.Between(1, kRests), kRests / 2 * EventLoop::kLongestRest);
}

TEST(EventLoop, ReadsFewerSocketsInARoundWhereItsRestWouldBeTooLong) {
  const nanoseconds longest = EventLoop::kLongestRest;
  EXPECT_EQ(EventLoop::MostInARoundAfter(64, 2 * longest), 32u);
  EXPECT_EQ(EventLoop::MostInARoundAfter(64, 1000 * longest), 1u);
  EXPECT_EQ(EventLoop::MostInARoundAfter(32, longest), 32u);
  EXPECT_EQ(EventLoop::MostInARoundAfter(32, longest / 2), 32u);
  EXPECT_EQ(EventLoop::MostInARoundAfter(20, longest / 3), 40u);
  EXPECT_EQ(EventLoop::MostInARoundAfter(40, nanoseconds(0)), EventLoop::kMostInARound);
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

TEST(HttpServer, APortInUseIsSaid) {
  TestService service;
  const auto server = StartServer(service);
  const auto second = HttpServer::Listen({.port = server->port()}, service);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().number(), errors::kAddressInUse);
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

}  // namespace
}  // namespace slipway::net
