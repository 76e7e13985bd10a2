#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <future>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error_catalogue.h"
#include "base/file.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/raw_client.h"
#include "net/test_certificates.h"
#include "net/test_service.h"
#include "net/test_tls_client.h"

namespace slipway::net {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kRequest = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

std::unique_ptr<HttpServer> StartTlsServer(HttpService& service, const TlsServerOptions& files,
                                           const HttpLimits& limits = {}) {
  auto certificates = TlsCertificates::Load(files);
  if (!certificates.ok()) std::abort();
  auto server =
      HttpServer::Listen({.port = 0, .limits = limits, .tls = std::move(*certificates)}, service);
  if (!server.ok()) std::abort();
  (*server)->Start();
  return std::move(*server);
}

HttpUrl UrlOf(const HttpServer& server, std::string host = "127.0.0.1") {
  return {.host = std::move(host), .port = server.port(), .tls = true, .path = ""};
}

/// The bytes inside of TLS, as they are.
class RawTlsClient {
 public:
  RawTlsClient(const HttpServer& server, const std::string& ca_file)
      : transport_(Connected(server, ca_file)) {}

  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const iovec vector{const_cast<char*>(bytes.data()), bytes.size()};
      const IoResult sent = transport_.Send({&vector, 1});
      if (sent.state == IoResult::State::kWaitsForRoom) Wait(POLLOUT);
      if (sent.state == IoResult::State::kBroken) return false;
      bytes.remove_prefix(sent.count);
    }
    return true;
  }
  /// What comes until it holds `end`, or until the end.
  std::string ReceiveUntil(std::string_view end) {
    std::string received;
    char buffer[65536];
    for (;;) {
      const IoResult read = transport_.Receive(buffer);
      if (read.state == IoResult::State::kWaitsForInput) Wait(POLLIN);
      state_ = read.state;
      if (state_ == IoResult::State::kEnded || state_ == IoResult::State::kBroken) return received;
      received.append(buffer, read.count);
      if (!end.empty() && received.find(end) != std::string::npos) return received;
    }
  }
  std::string ReceiveAll() { return ReceiveUntil(""); }
  /// True if the server said that it sends no more, where ReceiveAll() found the end.
  bool EndedInOrder() const { return state_ == IoResult::State::kEnded; }
  Transport& transport() { return transport_; }

 private:
  static Transport Connected(const HttpServer& server, const std::string& ca_file) {
    Result<Transport> made = Connector(UrlOf(server), {.tls = {.ca_file = ca_file}}).Connect();
    EXPECT_TRUE(made.ok()) << made.status().ToString();
    return made.ok() ? std::move(*made) : Transport();
  }
  void Wait(short events) {
    ASSERT_NE(WaitFor(transport_.descriptor(), events,
                      std::chrono::steady_clock::now() + std::chrono::seconds(60)),
              0);
  }

  Transport transport_;
  IoResult::State state_ = IoResult::State::kMoved;
};

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

// Mutual TLS.

class MutualTls : public testing::Test {
 protected:
  MutualTls() : server_(Start("")) {}

  std::unique_ptr<HttpServer> Start(const std::string& revoked) {
    TlsServerOptions options = files_.Options();
    options.client_ca_file = files_.WriteFile("ca.crt", authority_.CertificatePem() + revoked);
    return StartTlsServer(service_, options);
  }
  /// The answer to a client with that identity, or the alert that it gets.
  static std::string AnswerTo(const HttpServer& server, const TestIdentity* identity) {
    TestTlsClient client(server.port(), {.identity = identity});
    const std::string answer = client.Ask(kRequest);
    return answer.empty() ? client.error() : answer;
  }

  const TestIdentity authority_ = TestIdentity::Make({.name = "CA", .is_authority = true});
  const TestTlsFiles files_;
  TestService service_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(MutualTls, AnswersAClientOfTheAuthority) {
  const TestIdentity client = TestIdentity::Make({.name = "client"}, &authority_);
  EXPECT_THAT(AnswerTo(*server_, &client), HasSubstr("GET a"));
}

// Bad input S6: a client without a certificate, of a wrong authority, or expired gets no connection
TEST_F(MutualTls, RefusesAllOthers) {
  EXPECT_THAT(AnswerTo(*server_, nullptr), HasSubstr("certificate required"));
  const TestIdentity itself = TestIdentity::Make({.name = "client"});
  EXPECT_THAT(AnswerTo(*server_, &itself), HasSubstr("alert"));
  const TestIdentity impostor = TestIdentity::Make({.name = "CA", .is_authority = true});
  const TestIdentity of_impostor = TestIdentity::Make({.name = "client"}, &impostor);
  EXPECT_THAT(AnswerTo(*server_, &of_impostor), HasSubstr("alert"));
  const TestIdentity expired =
      TestIdentity::Make({.name = "client", .valid_until_seconds = -60}, &authority_);
  EXPECT_THAT(AnswerTo(*server_, &expired), HasSubstr("certificate expired"));
  EXPECT_EQ(server_->Counts().requests_total, 0u);
  while (server_->Counts().open > 0) poll(nullptr, 0, 1);
  EXPECT_EQ(server_->Counts().handshakes_failed_total, 4u);
}

TEST_F(MutualTls, AnswersTheClientOfTheCommandLineThatShowsItsCertificate) {
  const TestIdentity client = TestIdentity::Make({.name = "client"}, &authority_);
  const TlsClientOptions known{
      .ca_file = files_.Path("server.crt"),
      .certificate_file = files_.WriteFile("client.crt", client.CertificatePem()),
      .key_file = files_.WriteFile("client.key", client.KeyPem())};
  EXPECT_TRUE(HttpClient(UrlOf(*server_), {.tls = known}).Send({}).ok());
  const Status status =
      HttpClient(UrlOf(*server_), {.tls = {.ca_file = known.ca_file}}).Send({}).status();
  EXPECT_THAT(status.message(), HasSubstr("certificate required"));
}

// Bad input S6: a client whose certificate was revoked gets no connection
TEST_F(MutualTls, RefusesARevokedCertificate) {
  const TestIdentity revoked = TestIdentity::Make({.name = "revoked"}, &authority_);
  const TestIdentity other = TestIdentity::Make({.name = "other"}, &authority_);
  const auto server = Start(authority_.RevocationListPem(revoked));
  EXPECT_THAT(AnswerTo(*server, &revoked), HasSubstr("certificate revoked"));
  EXPECT_THAT(AnswerTo(*server, &other), HasSubstr("GET a"));
}

// Faults and floods.

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
  EXPECT_EQ(server->Counts().open, 0u);
  EXPECT_EQ(server->Counts().handshakes_failed_total, 1u);
}

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
  EXPECT_EQ(server->Counts().open, 10u);
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

// The client.

TEST(TlsClient, DoesNotTrustAStranger) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartTlsServer(service, files.Options());
  const Status status = HttpClient(UrlOf(*server)).Send({}).status();
  EXPECT_EQ(status.number(), errors::kTlsUntrustedServer);
  EXPECT_THAT(status.message(), HasSubstr("self-signed"));
  EXPECT_THAT(status.hint(), HasSubstr("--ca FILE"));
}

TEST(TlsClient, DoesNotTrustACertificateForAnotherName) {
  const TestTlsFiles files(TestIdentity::Make({.other_names = "DNS:model.example"}));
  TestService service;
  const auto server = StartTlsServer(service, files.Options());
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const Status status =
        HttpClient(UrlOf(*server, host), {.tls = {.ca_file = files.Path("server.crt")}})
            .Send({})
            .status();
    EXPECT_EQ(status.number(), errors::kTlsUntrustedServer) << host;
    EXPECT_THAT(status.message(), HasSubstr("mismatch"));
  }
}

TEST(TlsClient, FindsThatAServerSpeaksNoTls) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartServer(service);
  const Status status =
      HttpClient(UrlOf(*server), {.tls = {.ca_file = files.Path("server.crt")}}).Send({}).status();
  EXPECT_EQ(status.number(), errors::kServerUnreachable);
  EXPECT_THAT(status.hint(), HasSubstr("http://"));
}

TEST(TlsClient, GetsTheAnswerOfAServerThatRefusesTheBody) {
  const TestTlsFiles files;
  TestService service;
  const auto server = StartTlsServer(service, files.Options());
  HttpClient client(UrlOf(*server), {.tls = {.ca_file = files.Path("server.crt")}});
  const std::string body(4 << 20, 'x');
  const Result<HttpAnswer> answer = client.Send({.method = "POST", .body = body});
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_EQ(answer->status, 413);
}

}  // namespace
}  // namespace slipway::net
