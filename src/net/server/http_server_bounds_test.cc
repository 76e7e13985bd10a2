#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/server/http_server.h"
#include "net/testing/http1_requests.h"
#include "net/testing/raw_client.h"
#include "net/testing/test_service.h"

namespace slipway::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

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

}  // namespace
}  // namespace slipway::net
