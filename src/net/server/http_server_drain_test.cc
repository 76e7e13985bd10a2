#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "net/server/http_server.h"
#include "net/socket/socket_address.h"
#include "net/testing/http1_requests.h"
#include "net/testing/raw_client.h"
#include "net/testing/test_service.h"

namespace slipway::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

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
