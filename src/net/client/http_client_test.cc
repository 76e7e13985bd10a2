#include "net/client/http_client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <future>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "net/testing/scripted_server.h"

namespace slipway::net {
namespace {

using testing::HasSubstr;

constexpr const char* kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

TEST(HttpClient, SendsARequestAndReturnsTheAnswer) {
  std::string seen;
  ScriptedServer server({[&](int socket) {
    seen = ReadRequest(socket, 4);
    Say(socket, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno");
  }});
  HttpClient client(server.url());
  const Result<HttpAnswer> answer = client.Send({.method = "POST",
                                                 .target = "/v2/x",
                                                 .headers = {{"Content-Type", "text/plain"}},
                                                 .body = "body"});
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->status, 404);
  EXPECT_EQ(answer->body, "no");
  EXPECT_EQ(seen, "POST /v2/x HTTP/1.1\r\nHost: " + server.url().Authority() +
                      "\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody");
}

TEST(HttpClient, KeepsTheConnection) {
  ScriptedServer server({Answering({kHello, kHello, kHello})});
  HttpClient client(server.url());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.Send({}).ok());
}

TEST(HttpClient, ConnectsAgainWhenTheServerClosedAnIdleConnection) {
  ScriptedServer server({Answering({kHello}), Answering({kHello})});
  HttpClient client(server.url());
  EXPECT_TRUE(client.Send({}).ok());
  EXPECT_TRUE(client.Send({}).ok());
}

TEST(HttpClient, ConnectsAgainAfterConnectionClose) {
  const char* last = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  ScriptedServer server({Answering({last}), Answering({last})});
  HttpClient client(server.url());
  EXPECT_TRUE(client.Send({}).ok());
  EXPECT_TRUE(client.Send({}).ok());
}

TEST(HttpClient, ReadsAnAnswerThatEndsWithTheConnection) {
  ScriptedServer server({Answering({"HTTP/1.1 200 OK\r\n\r\nhello"})});
  HttpClient client(server.url());
  const Result<HttpAnswer> answer = client.Send({});
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->body, "hello");
}

TEST(HttpClient, GivesTheAnswerOfAServerThatRefusesTheBody) {
  std::promise<void> answered;
  ScriptedServer server({[&](int socket) {
                           ReadRequest(socket);
                           Say(socket, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
                           answered.get_future().wait();
                         },
                         Answering({kHello})});
  HttpClient client(server.url());
  const std::string body(32 << 20, 'x');
  const Result<HttpAnswer> answer = client.Send({.method = "POST", .body = body});
  answered.set_value();
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->status, 413);
  EXPECT_TRUE(client.Send({}).ok()) << "the broken connection must not be used again";
}

TEST(HttpClient, SaysThatNothingListens) {
  FileDescriptor closed(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{
      .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(closed.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(getsockname(closed.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  HttpClient client({.host = "127.0.0.1", .port = ntohs(address.sin_port), .path = ""});
  const Status status = client.Send({}).status();
  EXPECT_EQ(status.number(), errors::kServerUnreachable);
  EXPECT_THAT(status.message(), HasSubstr("nothing listens at 127.0.0.1:"));
  EXPECT_THAT(status.hint(), HasSubstr("slipway serve"));
}

TEST(HttpClient, SaysThatAHostHasNoAddress) {
  HttpClient client({.host = "no-such-host.invalid", .port = 80, .path = ""});
  const Status status = client.Send({}).status();
  EXPECT_EQ(status.number(), errors::kServerUnreachable);
  EXPECT_THAT(status.message(), HasSubstr("no-such-host.invalid"));
}

TEST(HttpClient, GivesUpOnAServerThatDoesNotAnswer) {
  ScriptedServer server({[](int socket) {
    char buffer[4096];
    while (recv(socket, buffer, sizeof buffer, 0) > 0) continue;
  }});
  HttpClient client(server.url(), {.answer_timeout = std::chrono::milliseconds(30)});
  const Status status = client.Send({}).status();
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(status.number(), errors::kServerUnreachable);
}

TEST(HttpClient, GivesUpAtTheDeadlineOfTheRequest) {
  ScriptedServer server({[](int socket) {
    char buffer[4096];
    while (recv(socket, buffer, sizeof buffer, 0) > 0) continue;
  }});
  HttpClient client(server.url());
  const MonotonicTime deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
  EXPECT_EQ(client.Send({.deadline = deadline}).status().code(), Code::kDeadlineExceeded);
  EXPECT_TRUE(client.WasConnected());
}

TEST(HttpClient, GivesUpWhenItIsInterrupted) {
  ScriptedServer server({[](int socket) {
    char buffer[4096];
    while (recv(socket, buffer, sizeof buffer, 0) > 0) continue;
  }});
  const FileDescriptor interrupt(eventfd(1, EFD_CLOEXEC));
  HttpClient client(server.url(), {.interrupt = interrupt.get()});
  EXPECT_EQ(client.Send({}).status().number(), errors::kServerUnreachable);
}

TEST(HttpClient, DoesNotSendARequestTwiceOnceItsAnswerBegan) {
  ScriptedServer server({Answering({kHello, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"})});
  HttpClient client(server.url());
  EXPECT_TRUE(client.Send({}).ok());
  EXPECT_EQ(client.Send({}).status().code(), Code::kDataLoss);
}

TEST(HttpClient, SaysThatAServerClosedWithoutAnAnswer) {
  ScriptedServer server({[](int socket) { ReadRequest(socket); }});
  HttpClient client(server.url());
  const Status status = client.Send({}).status();
  EXPECT_EQ(status.number(), errors::kServerUnreachable);
  EXPECT_THAT(status.message(), HasSubstr("without an answer"));
}

TEST(HttpClient, NamesTheServerThatDoesNotSpeakHttp) {
  ScriptedServer server({[](int socket) { Say(socket, "SSH-2.0-OpenSSH_9.2\r\n\r\n"); }});
  HttpClient client(server.url());
  const Status status = client.Send({}).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(status.place(), HasSubstr(server.url().Authority()));
}

}  // namespace
}  // namespace slipway::net
