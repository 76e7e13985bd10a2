#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <string>

#include "base/error_catalogue.h"
#include "net/client/http_client.h"
#include "net/testing/test_service.h"
#include "net/testing/test_tls_client.h"
#include "net/testing/tls_server_fixture.h"

// Who believes whom: clients that check a server, and a server that checks its clients.
namespace slipway::net {
namespace {

using testing::HasSubstr;

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

}  // namespace
}  // namespace slipway::net
