#include "net/client/http2_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_catalogue.h"
#include "net/testing/http2_wire.h"
#include "net/testing/scripted_server.h"
#include "net/testing/test_service.h"
#include "net/testing/tls_server_fixture.h"

namespace slipway::net {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

HttpUrl PlainUrl(const HttpServer& server) {
  return {.host = "127.0.0.1", .port = server.port(), .path = ""};
}

std::string Head(std::uint32_t stream, std::uint8_t flags = kEndHeaders) {
  return Frame(FrameType::kHeaders, flags, stream, FieldBlock({{":status", "200"}}));
}
std::string Hello(std::uint32_t stream) {
  return Head(stream) + Frame(FrameType::kData, kEndStream, stream, "hello");
}
std::string Goaway(std::uint32_t last_stream) {
  return Frame(FrameType::kGoaway, kNoFlags, 0, BigEndian(last_stream) + BigEndian(kNoError));
}
std::string Reset(std::uint32_t stream, std::uint32_t code) {
  return Frame(FrameType::kRstStream, kNoFlags, stream, BigEndian(code));
}

/// Greets, and sends the next of `answers` each time that a request has come whole.
Script Answering(std::vector<std::string> answers) {
  return [answers = std::move(answers)](int socket) {
    Say(socket, Frame(FrameType::kSettings, kNoFlags, 0));
    Http2Transcript seen;
    std::string preface;
    std::uint32_t stream = 1;
    char buffer[4096];
    for (std::size_t next = 0; next < answers.size();) {
      const ssize_t count = recv(socket, buffer, sizeof buffer, 0);
      if (count <= 0) return;
      std::string_view bytes(buffer, static_cast<std::size_t>(count));
      const std::size_t taken = std::min(bytes.size(), kHttp2Preface.size() - preface.size());
      preface.append(bytes.substr(0, taken));
      seen.Take(bytes.substr(taken));
      if (!seen.answers[stream].ended) continue;
      Say(socket, answers[next++]);
      stream += 2;
    }
  };
}

/// Reads, and says no more than that it is there.
Script Silent() {
  return [](int socket) {
    Say(socket, Frame(FrameType::kSettings, kNoFlags, 0));
    char buffer[4096];
    while (recv(socket, buffer, sizeof buffer, 0) > 0) continue;
  };
}

TEST(Http2Client, TalksToAServerOfOursOverOneConnection) {
  TestService service;
  std::vector<std::string> peers;
  service.plan = [&](const RequestHead& head, BodyPlan&) { peers.emplace_back(head.peer); };
  const auto server = StartServer(service);
  Http2Client client(PlainUrl(*server));
  for (int i = 0; i < 3; ++i) {
    const Result<HttpAnswer> answer =
        client.Send({.method = "POST", .target = "/a/b?c", .body = "body"});
    ASSERT_TRUE(answer.ok()) << answer.status().ToString();
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "POST a|b ?c [body]");
  }
  EXPECT_THAT(peers, ElementsAre(peers[0], peers[0], peers[0]));
}

TEST(Http2Client, TakesTrailers) {
  TestService service;
  service.serve = [](std::shared_ptr<Exchange> exchange) {
    Response response = Response::Text(200, "text/plain", "body");
    response.trailers.emplace_back("grpc-status", "5");
    exchange->Send(std::move(response));
  };
  const auto server = StartServer(service);
  const Result<HttpAnswer> answer = Http2Client(PlainUrl(*server)).Send({.target = "/x"});
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_THAT(answer->trailers, ElementsAre(Pair("grpc-status", "5")));
}

void TakeMuch(const RequestHead&, BodyPlan& plan) { plan.max_bytes = 64 << 20; }

/// Through all windows, both ways.
void EchoMuch(Http2Client client) {
  std::string body(40 << 20, 'x');
  for (std::size_t i = 0; i < body.size(); i += 1000) body[i] = static_cast<char>('a' + i % 26);
  const std::string_view more[] = {std::string_view(body).substr(1000)};
  for (int i = 0; i < 2; ++i) {
    const Result<HttpAnswer> answer = client.Send({.method = "POST",
                                                   .target = "/x",
                                                   .body = std::string_view(body).substr(0, 1000),
                                                   .more_body = more});
    ASSERT_TRUE(answer.ok()) << answer.status().ToString();
    EXPECT_TRUE(answer->body == "POST x ? [" + body + "]") << answer->body.substr(0, 100);
  }
}

TEST(Http2Client, SendsAndTakesMoreThanTheWindows) {
  TestService service;
  service.plan = TakeMuch;
  const auto server = StartServer(service);
  EchoMuch(Http2Client(PlainUrl(*server)));
}

TEST(Http2Client, GoesThroughTls) {
  const TestTlsFiles files;
  TestService service;
  service.plan = TakeMuch;
  const auto server = StartTlsServer(service, files.Options());
  EchoMuch(Http2Client(UrlOf(*server), {.tls = {.ca_file = files.Path("server.crt")}}));
}

TEST(Http2Client, DoesNotTrustAStranger) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartTlsServer(service, files.Options());
  EXPECT_EQ(Http2Client(UrlOf(*server)).Send({}).status().number(), errors::kTlsUntrustedServer);
}

TEST(Http2Client, GivesTheAnswerOfAServerThatRefusesTheBody) {
  TestService service;
  service.plan = [](const RequestHead&, BodyPlan& plan) { plan.max_bytes = 1000; };
  const auto server = StartServer(service);
  Http2Client client(PlainUrl(*server));
  const std::string body(32 << 20, 'x');
  const Result<HttpAnswer> answer = client.Send({.method = "POST", .target = "/x", .body = body});
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->status, 413);
  EXPECT_TRUE(client.Send({.target = "/x"}).ok());
}

TEST(Http2Client, ConnectsAgainWhenTheServerClosedAnIdleConnection) {
  ScriptedServer server({Answering({Hello(1)}), Answering({Hello(1)})});
  Http2Client client(server.url());
  EXPECT_TRUE(client.Send({}).ok());
  EXPECT_TRUE(client.Send({}).ok());
}

TEST(Http2Client, ConnectsAgainAfterAGoaway) {
  ScriptedServer server({Answering({Hello(1) + Goaway(1), ""}), Answering({Hello(1)})});
  Http2Client client(server.url());
  EXPECT_TRUE(client.Send({}).ok());
  EXPECT_TRUE(client.Send({}).ok());
}

TEST(Http2Client, SendsAgainWhatAGoawayCrossed) {
  ScriptedServer server({Answering({Hello(1), Goaway(1)}), Answering({Hello(1)})});
  Http2Client client(server.url());
  EXPECT_TRUE(client.Send({}).ok());
  EXPECT_TRUE(client.Send({}).ok());
}

TEST(Http2Client, SaysWhetherARequestMayHaveBegun) {
  ScriptedServer server({Answering({Reset(1, kRefusedStream), Reset(3, kEnhanceYourCalm)}),
                         Answering({""}), Answering({Head(1)})});
  Http2Client client(server.url());
  EXPECT_THAT(client.Send({}).status().message(), HasSubstr("refused"));
  EXPECT_TRUE(client.WasConnected());
  EXPECT_FALSE(client.MayHaveBegun());
  EXPECT_THAT(client.Send({}).status().message(), HasSubstr("HTTP/2 error 11"));
  EXPECT_TRUE(client.MayHaveBegun());
  const Status ended = client.Send({}).status();
  EXPECT_EQ(ended.number(), errors::kServerUnreachable);
  EXPECT_THAT(ended.message(), HasSubstr("without a whole answer"));
  EXPECT_TRUE(client.MayHaveBegun());
  EXPECT_EQ(client.Send({}).status().code(), Code::kUnavailable) << "in the middle of the answer";
}

TEST(Http2Client, NothingHasBegunWhereNothingListens) {
  HttpUrl url;
  {
    url = ScriptedServer({}).url();
  }
  Http2Client client(url);
  EXPECT_THAT(client.Send({}).status().message(), HasSubstr("nothing listens"));
  EXPECT_FALSE(client.WasConnected());
  EXPECT_FALSE(client.MayHaveBegun());
}

// Bad input R3: a remote step's server that never answers, over HTTP/2
TEST(Http2Client, GivesUpOnAServerThatDoesNotAnswer) {
  ScriptedServer server({Silent(), Silent()});
  Http2Client client(server.url(), {.answer_timeout = milliseconds(30)});
  EXPECT_EQ(client.Send({}).status().code(), Code::kDeadlineExceeded);
  Http2Client hurried(server.url());
  const std::string body(32 << 20, 'x');
  const Status status = hurried
                            .Send({.method = "POST",
                                   .body = body,
                                   .deadline = std::chrono::steady_clock::now() + milliseconds(30)})
                            .status();
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
}

TEST(Http2Client, WaitsForNothingOnceItIsInterrupted) {
  ScriptedServer server({Silent()});
  const FileDescriptor interrupt(eventfd(1, EFD_CLOEXEC));
  EXPECT_FALSE(Http2Client(server.url(), {.interrupt = interrupt.get()}).Send({}).ok());
}

TEST(Http2Client, NamesTheServerThatSpeaksOldHttp) {
  ScriptedServer server({[](int socket) {
    char buffer[4096];
    (void)recv(socket, buffer, sizeof buffer, 0);
    Say(socket, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    shutdown(socket, SHUT_WR);
    while (recv(socket, buffer, sizeof buffer, 0) > 0) continue;
  }});
  const Status status = Http2Client(server.url()).Send({}).status();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_THAT(status.place(), HasSubstr(server.url().Authority()));
}

TEST(Http2Client, AnAnswerIsBounded) {
  ScriptedServer server({Answering({Hello(1)})});
  Http2Client client(server.url(), {.limits = {.body_bytes = 4}});
  const Status status = client.Send({}).status();
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
}

}  // namespace
}  // namespace slipway::net
