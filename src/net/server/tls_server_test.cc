#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <future>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/text.h"
#include "net/client/http_client.h"
#include "net/testing/http2_wire.h"
#include "net/testing/raw_client.h"
#include "net/testing/test_service.h"
#include "net/testing/test_tls_client.h"
#include "net/testing/tls_server_fixture.h"

namespace slipway::net {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(TlsServer, AnswersAClientThatTrustsIt) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartTlsServer(service, files.Options());
  HttpClient client(UrlOf(*server), {.tls = {.ca_file = files.Path("server.crt")}});
  for (int i = 0; i < 3; ++i) {
    const Result<HttpAnswer> answer = client.Send({.method = "POST", .target = "/a", .body = "b"});
    ASSERT_TRUE(answer.ok()) << answer.status().ToString();
    EXPECT_EQ(answer->body, "POST a ? [b]");
  }
  EXPECT_EQ(server->Counts().accepted_total, 1u);
}

TEST(TlsServer, TakesAndGivesLargeBodies) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartTlsServer(service, files.Options());
  HttpClient client(UrlOf(*server), {.tls = {.ca_file = files.Path("server.crt")}});
  std::string body(1'000'000, 'x');
  for (std::size_t i = 0; i < body.size(); i += 997) body[i] = static_cast<char>('a' + i % 26);
  const Result<HttpAnswer> answer = client.Send({.method = "POST", .target = "/", .body = body});
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_TRUE(answer->body == "POST  ? [" + body + "]");
}

TEST(TlsServer, AnswersRequestsThatCameInOneRecordAndInMany) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartTlsServer(service, files.Options());
  RawTlsClient client(*server, files.Path("server.crt"));
  std::string requests;
  for (int i = 0; i < 100; ++i)
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_TRUE(client.Send(requests));
  EXPECT_THAT(client.ReceiveUntil("GET 99"), HasSubstr("GET 42"));
  for (const char c : requests) ASSERT_TRUE(client.Send({&c, 1}));
  EXPECT_THAT(client.ReceiveUntil("GET 99"), HasSubstr("GET 42"));
}

// Fault D8: over TLS
TEST(TlsServer, GivesASlowReaderEveryByteInOrder) {
  const TestTlsFiles files;
  TestService service;
  const auto body = [](std::size_t i) {
    constexpr std::size_t kSizes[] = {10, 3'000, 17'000, 2'000'000};
    return fmt::format("<{}{}>", i, std::string(kSizes[i % 4], static_cast<char>('a' + i % 26)));
  };
  service.serve = [&](std::shared_ptr<Exchange> exchange) {
    const std::size_t i = *ParseUint64(exchange->head().segments[0]);
    exchange->Send(Response::Text(200, "text/plain", body(i)));
  };
  const auto server = StartTlsServer(service, files.Options());
  RawTlsClient client(*server, files.Path("server.crt"));
  std::string answers;
  constexpr std::size_t kRequests = 60;
  for (std::size_t i = 0; i < kRequests; ++i) {
    // Answers pile up behind what the client has not taken, and are joined there.
    ASSERT_TRUE(client.Send(fmt::format("GET /{} HTTP/1.1\r\nHost: a\r\n{}\r\n", i,
                                        i + 1 < kRequests ? "" : "Connection: close\r\n")));
    if (i % 10 == 9) answers += client.ReceiveUntil("<");
  }
  answers += client.ReceiveAll();
  std::size_t place = 0;
  for (std::size_t i = 0; i < kRequests && place != std::string::npos; ++i) {
    place = answers.find(body(i), place);
    EXPECT_NE(place, std::string::npos) << i;
  }
}

TEST(TlsServer, SaysThatItSendsNoMore) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartTlsServer(service, files.Options());
  RawTlsClient client(*server, files.Path("server.crt"));
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  EXPECT_THAT(client.ReceiveAll(), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_TRUE(client.EndedInOrder());
}

TEST(TlsServer, AnswersAClientThatSendsNoMore) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartTlsServer(service, files.Options());
  RawTlsClient client(*server, files.Path("server.crt"));
  ASSERT_TRUE(client.Send(kRequest));
  client.transport().FinishSending();
  EXPECT_THAT(client.ReceiveAll(), HasSubstr("GET a"));
  EXPECT_TRUE(client.EndedInOrder());
}

// Bad input H16: clear text on the port of TLS is told so
TEST(TlsServer, TellsAClientOfClearText) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartTlsServer(service, files.Options());
  RawClient client(server->port());
  const RawClient::Answer answer = client.Ask(kRequest);
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("this port speaks TLS"));
  EXPECT_TRUE(client.EndsNow());
}

TEST(TlsServer, AgreesOnTheBestProtocolThatAClientNames) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartTlsServer(service, files.Options());
  const auto agreed = [&](std::vector<std::string> protocols) {
    return TestTlsClient(server->port(), {.protocols = std::move(protocols)}).Protocol();
  };
  EXPECT_EQ(agreed({"http/1.1", "h2"}), "h2");
  EXPECT_EQ(agreed({"http/1.1"}), "http/1.1");
  EXPECT_EQ(agreed({}), "");
  const TestTlsClient other(server->port(), {.protocols = {"imap"}});
  EXPECT_THAT(other.error(), HasSubstr("no application protocol"));
}

TEST(TlsServer, SpeaksHttp2WhereThatWasAgreedOn) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartTlsServer(service, files.Options());
  TestTlsClient client(server->port(), {.protocols = {"h2"}});
  const std::string settings =
      client.Ask(std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 24 + 9));
  ASSERT_GE(settings.size(), 9u);
  EXPECT_EQ(settings[3], 4) << "a frame of SETTINGS";
}

TEST(TlsServer, TellsWhatTheClientsCertificateSays) {
  const TestIdentity authority = TestIdentity::Make({.name = "authority", .is_authority = true});
  const TestTlsFiles files;
  TlsServerOptions options = files.Options();
  options.client_ca_file = files.WriteFile("ca.crt", authority.CertificatePem());
  TestService service;
  CertificateNames seen;
  service.plan = [&](const RequestHead& head, BodyPlan&) {
    if (head.certificate) seen = *head.certificate;
  };
  const auto server = StartTlsServer(service, options);
  const TestIdentity shop = TestIdentity::Make(
      {.name = "shop", .other_names = "DNS:shop.example,URI:spiffe://example/shop"}, &authority);
  TestTlsClient client(server->port(), {.identity = &shop});
  ASSERT_THAT(client.Ask(kRequest), HasSubstr("200 OK")) << client.error();
  EXPECT_THAT(seen,
              testing::ElementsAre("URI:spiffe://example/shop", "DNS:shop.example", "CN:shop"));
  seen.clear();
  TestTlsClient modern(server->port(), {.protocols = {"h2"}, .identity = &shop});
  Http2Transcript sent;
  std::string bytes = Hello();
  for (std::uint32_t stream = 1; !sent.answers[1].ended; stream += 2)
    sent.Take(modern.Ask(std::exchange(bytes, "") + GetFrames(stream, "/a")));
  EXPECT_EQ(seen.size(), 3u) << "over HTTP/2 too";
}

TEST(TlsServer, TakesNothingOlderThanTls13UnlessToldTo) {
  const TestTlsFiles files;
  TestService service;
  TlsServerOptions options = files.Options();
  {
    const auto server = StartTlsServer(service, options);
    EXPECT_EQ(TestTlsClient(server->port(), {}).Version(), "TLSv1.3");
    EXPECT_THAT(TestTlsClient(server->port(), {.only_tls12 = true}).error(), HasSubstr("version"));
  }
  options.least = TlsVersion::k12;
  const auto server = StartTlsServer(service, options);
  TestTlsClient client(server->port(), {.only_tls12 = true});
  EXPECT_EQ(client.Version(), "TLSv1.2");
  EXPECT_THAT(client.Ask(kRequest), HasSubstr("GET a"));
}

TEST(TlsServer, TakesOnlyForwardSecretAuthenticatedCiphersOfTls12) {
  const TestTlsFiles files(TestIdentity::Make({.rsa_bits = 2048}));
  TestService service;
  TlsServerOptions options = files.Options();
  options.least = TlsVersion::k12;
  const auto server = StartTlsServer(service, options);
  const auto takes = [&](const char* ciphers) {
    return TestTlsClient(server->port(), {.only_tls12 = true, .ciphers_of_12 = ciphers})
        .IsEstablished();
  };
  EXPECT_TRUE(takes("ECDHE-RSA-AES128-GCM-SHA256"));
  EXPECT_FALSE(takes("AES128-GCM-SHA256")) << "no forward secrecy";
  EXPECT_FALSE(takes("ECDHE-RSA-AES128-SHA256")) << "no AEAD";
}

// Faults and floods.

// Fault D6: a handshake that does not end
TEST(TlsServer, ClosesAHandshakeThatDoesNotEnd) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartTlsServer(service, files.Options(),
                                     {.tls_handshake_timeout = std::chrono::milliseconds(50)});
  RawClient silent(server->port());
  RawClient slow(server->port());
  ASSERT_TRUE(slow.Send(std::string_view("\x16\x03\x01\x02\x00\x01", 6)));
  EXPECT_TRUE(silent.EndsNow());
  EXPECT_EQ(slow.ReceiveAll(), "");
  while (server->Counts().open > 0) poll(nullptr, 0, 1);
  EXPECT_EQ(server->Counts().handshakes_failed_total, 1u);
}

// Fault D6: handshakes
TEST(TlsServer, BoundsTheHandshakesThatGoOn) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartTlsServer(service, files.Options(), {.tls_handshakes = 10});
  std::vector<RawClient> stopped;
  for (int i = 0; i < 100; ++i) {
    stopped.emplace_back(server->port());
    stopped.back().Send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  }
  for (std::size_t i = 10; i < stopped.size(); ++i) stopped[i].ReceiveAll();
  while (server->Counts().open > 10) poll(nullptr, 0, 1);
  EXPECT_EQ(server->Counts().refused_total, 90u);
  stopped.erase(stopped.begin());
  HttpClient client(UrlOf(*server), {.tls = {.ca_file = files.Path("server.crt")}});
  while (!client.Send({}).ok()) continue;  // the place is free once the server sees the end
}

TEST(TlsServer, EndsAtRecordsOfRandomBytes) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartTlsServer(service, files.Options());
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::string bytes("\x16\x03\x01\x02\x00", 5);
    for (int i = 0; i < 512; ++i) bytes += static_cast<char>(random());
    RawClient client(server->port());
    client.Send(bytes);
    EXPECT_THAT(client.ReceiveAll(), StartsWith("\x15\x03")) << "an alert, and the end";
  }
  RawTlsClient client(*server, files.Path("server.crt"));
  ASSERT_TRUE(client.Send(kRequest));
  client.ReceiveUntil("GET a");
  const std::string_view garbage("\x17\x03\x03\x00\x20................................", 37);
  ASSERT_EQ(send(client.transport().descriptor(), garbage.data(), garbage.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(garbage.size()));
  EXPECT_EQ(client.ReceiveAll(), "");
}

// Fault C7: an answer over TLS
TEST(TlsServer, ResetsAClientThatNeverReads) {
  const TestTlsFiles files;
  TestService service;
  service.serve = [](std::shared_ptr<Exchange> exchange) {
    exchange->Send(Response::Text(200, "text/plain", std::string(32 << 20, 'x')));
  };
  const auto server =
      StartTlsServer(service, files.Options(), {.write_stall = std::chrono::milliseconds(50)});
  RawTlsClient client(*server, files.Path("server.crt"));
  ASSERT_TRUE(client.Send(kRequest));
  while (server->Counts().open > 0) poll(nullptr, 0, 1);
  client.ReceiveAll();
  EXPECT_FALSE(client.EndedInOrder());
}

// Fault E6: over TLS
TEST(TlsServer, DrainsWithoutLosingAnAnswer) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartTlsServer(service, files.Options());
  RawTlsClient busy(*server, files.Path("server.crt"));
  RawTlsClient idle(*server, files.Path("server.crt"));
  ASSERT_TRUE(busy.Send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n"));
  const std::shared_ptr<Exchange> held = service.NextHeld();
  ASSERT_NE(held, nullptr);
  auto dropped = std::async([&] { return server->Drain(std::chrono::seconds(30)); });
  EXPECT_EQ(idle.ReceiveAll(), "");
  EXPECT_TRUE(idle.EndedInOrder());
  held->Send(Response::Text(200, "text/plain", "late"));
  EXPECT_THAT(busy.ReceiveAll(), HasSubstr("late"));
  EXPECT_TRUE(busy.EndedInOrder());
  EXPECT_EQ(dropped.get(), 0u);
}

TEST(TlsServer, DrainsWithoutWaitingForAHandshake) {
  const TestTlsFiles files;
  TestService service;
  const auto server =
      StartTlsServer(service, files.Options(), {.drain_linger = std::chrono::milliseconds(20)});
  RawClient stopped(server->port());
  ASSERT_TRUE(stopped.Send(std::string_view("\x16\x03\x01\x02\x00\x01", 6)));
  while (server->Counts().open == 0) poll(nullptr, 0, 1);
  const Stopwatch watch;
  EXPECT_EQ(server->Drain(std::chrono::seconds(30)), 0u);
  EXPECT_LT(watch.Seconds(), 5);
}

// Fault E3: under load
TEST(TlsServer, LosesNoConnectionWhileItsCertificateIsReplaced) {
  const TestIdentity authority = TestIdentity::Make({.name = "CA", .is_authority = true});
  TestTlsFiles files(TestIdentity::Make({}, &authority));
  const std::string ca_file = files.WriteFile("ca.crt", authority.CertificatePem());
  TestService service;
  const auto certificates = TlsCertificates::Load(files.Options()).value();
  const auto server =
      HttpServer::Listen({.port = 0, .loops = 2, .tls = certificates}, service).value();
  server->Start();
  std::atomic<bool> ended = false;
  std::vector<std::future<int>> lost;
  for (int i = 0; i < 3; ++i) {
    lost.push_back(std::async(std::launch::async, [&] {
      int count = 0;
      while (!ended) {
        if (!HttpClient(UrlOf(*server), {.tls = {.ca_file = ca_file}}).Send({}).ok()) ++count;
      }
      return count;
    }));
  }
  for (int i = 0; i < 20; ++i) {
    files.Write(TestIdentity::Make({}, &authority));
    EXPECT_TRUE(certificates->Reload().ok());
    const std::uint64_t accepted = server->Counts().accepted_total;
    while (server->Counts().accepted_total < accepted + 3) std::this_thread::yield();
  }
  ended = true;
  for (std::future<int>& count : lost) EXPECT_EQ(count.get(), 0);
  EXPECT_EQ(server->Counts().handshakes_failed_total, 0u);
}

TEST(TlsServer, GivesANewCertificateToNewConnections) {
  TestTlsFiles files;
  TestService service;
  const auto certificates = TlsCertificates::Load(files.Options()).value();
  const auto server = HttpServer::Listen({.port = 0, .tls = certificates}, service).value();
  server->Start();
  const std::string old_ca = files.WriteFile("old.crt", *ReadFile(files.Path("server.crt")));
  HttpClient old_client(UrlOf(*server), {.tls = {.ca_file = old_ca}});
  EXPECT_TRUE(old_client.Send({}).ok());
  files.Write(TestIdentity::Make({}));
  ASSERT_TRUE(certificates->Reload().ok());
  EXPECT_TRUE(old_client.Send({}).ok()) << "its connection lives on";
  EXPECT_EQ(server->Counts().accepted_total, 1u);
  HttpClient new_client(UrlOf(*server), {.tls = {.ca_file = files.Path("server.crt")}});
  EXPECT_TRUE(new_client.Send({}).ok());
  EXPECT_EQ(HttpClient(UrlOf(*server), {.tls = {.ca_file = old_ca}}).Send({}).status().number(),
            errors::kTlsUntrustedServer);
}

}  // namespace
}  // namespace slipway::net
