// Who may do what on a whole server: certificates over real TLS, logins, the admin listener, the
// audit log.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "access/grant_file.h"
#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "net/testing/http2_wire.h"
#include "net/testing/test_certificates.h"
#include "net/testing/test_tls_client.h"
#include "serve/control/fixed_source.h"
#include "serve/model/fake_engine.h"
#include "server/http_test_client.h"
#include "server/server.h"

namespace slipway::server {
namespace {

using access::Role;
using net::TestIdentity;
using testing::HasSubstr;

const ThreadBudget kOneCore{.cores = 1, .why = "a test"};
constexpr std::string_view kInferPath = "/v2/models/fake/infer";
constexpr std::string_view kBody =
    R"({"inputs":[{"name":"x","datatype":"FP32","shape":[1,2],"data":[1,2]}]})";
constexpr std::string_view kLoad = "/v2/repository/models/fake/load";

serve::ModelPackage FakePackage() {
  serve::ModelPackage package{.name = "fake", .version = 1, .graph_path = "fake.onnx"};
  package.manifest.signature = serve::FakeSignature();
  return package;
}

class ServerAccessTest : public testing::Test {
 protected:
  ServerAccessTest() {
    engine_.compile = [](const std::string&) -> Result<serve::FakeExecutable::Behaviour> {
      return serve::FakeExecutable::Behaviour{.signature = serve::FakeSignature()};
    };
    options.port = 0;
    options.store_folder = store();
    options.models = {{.name = "fake", .request = {}}};
  }

  /// With `options`, which are decided first.
  Server& server() {
    if (server_ == nullptr) {
      const ServerOptions decided = Decided(options, kOneCore, std::uint64_t{1} << 30).value();
      server_ =
          Server::Start(decided,
                        {.engine = engine_, .source = source_, .clock = clock_, .budget = kOneCore})
              .value();
    }
    return *server_;
  }
  const std::string& store() const { return store_.path(); }
  std::string AdminKey() const {
    const std::string key = ReadFile(store() + "/admin.key").value();
    return "Authorization: Bearer " + std::string(Trim(key)) + "\r\n";
  }
  std::vector<Json> AuditLines() const {
    std::vector<Json> lines;
    const std::string text = ReadFile(options.audit_log).value();
    for (const std::string_view line : Split(Trim(text), '\n'))
      lines.push_back(ParseJson(line).value());
    return lines;
  }

  ServerOptions options;

 private:
  TemporaryDirectory store_ = TemporaryDirectory::Create("access").value();
  serve::FakeEngine engine_;
  SystemClock clock_;
  serve::FixedSource source_{{FakePackage()}};
  std::unique_ptr<Server> server_;
};

/// The same with TLS, where clients need a certificate of one authority.
class MutualTlsTest : public ServerAccessTest {
 protected:
  MutualTlsTest() {
    options.tls = files_.Options();
    options.tls->client_ca_file = files_.WriteFile("ca.crt", authority_.CertificatePem());
  }
  void Grant(std::string name, Role role, const access::Quota& quota = {}) {
    const access::GrantTerms terms{.name = "till", .roles = {role}, .quota = quota};
    ASSERT_TRUE(access::AddCertificate(store(), terms, name, 0).ok());
  }
  TestIdentity Make(const std::string& common_name, const std::string& other_names) const {
    return TestIdentity::Make({.name = common_name, .other_names = other_names}, &authority_);
  }
  /// The status line's number.
  std::string Ask(const TestIdentity& identity, std::string_view path, std::string_view body = "") {
    net::TestTlsClient client(server().port(), {.identity = &identity});
    const std::string answer =
        client.Ask(body.empty() ? fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", path)
                                : fmt::format("POST {} HTTP/1.1\r\nHost: a\r\nContent-Length: "
                                              "{}\r\n\r\n{}",
                                              path, body.size(), body));
    return answer.size() < 12 ? client.error() : answer.substr(9, 3);
  }
  /// grpc-status.
  std::string Call(const TestIdentity& identity, std::string_view method) {
    net::TestTlsClient client(server().port(), {.protocols = {"h2"}, .identity = &identity});
    net::Http2Transcript sent;
    const std::string path = "/inference.GRPCInferenceService/" + std::string(method);
    std::string bytes = net::Hello() + net::PostFrames(1, path, std::string(5, '\0'),
                                                       {{"content-type", "application/grpc"}});
    while (!sent.answers[1].ended) {
      sent.Take(client.Ask(bytes));
      bytes = net::Frame(net::FrameType::kPing, net::kNoFlags, 0, "whatever");
    }
    for (const auto& [name, value] : sent.answers[1].trailers)
      if (name == "grpc-status") return value;
    return sent.answers[1].Find("grpc-status");
  }

 private:
  TestIdentity authority_ = TestIdentity::Make({.name = "authority", .is_authority = true});
  net::TestTlsFiles files_;
};

// Bad input S6: a certificate with a grant, with another's name as CN only, with none
TEST_F(MutualTlsTest, ACertificateIsHeldToItsRolesOnEveryProtocol) {
  Grant("URI:spiffe://shop/till", Role::kRead);
  const TestIdentity till = Make("till", "URI:spiffe://shop/till");
  EXPECT_EQ(Ask(till, "/metrics"), "200");
  EXPECT_EQ(Ask(till, kInferPath, kBody), "403");
  EXPECT_EQ(Ask(till, kLoad, "{}"), "403");
  EXPECT_EQ(Call(till, "ModelStatistics"), "0");
  EXPECT_EQ(Call(till, "ModelInfer"), "7");
  EXPECT_EQ(Call(till, "ModelStreamInfer"), "7");
  EXPECT_EQ(Call(till, "RepositoryModelLoad"), "7");
  const TestIdentity impostor = Make("spiffe://shop/till", "DNS:till");
  EXPECT_EQ(Ask(impostor, kInferPath, kBody), "200") << "as anybody whom the authority knows";
  EXPECT_EQ(Ask(impostor, kLoad, "{}"), "401");
}

TEST_F(MutualTlsTest, ACertificateMayAdministerAndIsNamedInTheAuditLog) {
  options.audit_log = store() + "/audit.log";
  Grant("DNS:operator.example", Role::kAdmin);
  const TestIdentity operator_ = Make("anything", "DNS:operator.example");
  EXPECT_EQ(Ask(operator_, kLoad, "{}"), "200");
  const Json line = AuditLines().back();
  EXPECT_EQ(line["by"], "certificate");
  EXPECT_EQ(line["name"], "till");
  EXPECT_EQ(line["act"], "load");
}

TEST_F(MutualTlsTest, ACertificateHasItsQuota) {
  Grant("CN:till", Role::kInfer, {.rate = {.per_second = 1e-3, .burst = 2}});
  const TestIdentity till = Make("till", "DNS:x");
  EXPECT_EQ(Ask(till, kInferPath, kBody), "200");
  EXPECT_EQ(Call(till, "ServerMetadata"), "0");
  EXPECT_EQ(Ask(till, kInferPath, kBody), "429");
  EXPECT_EQ(Call(till, "ServerMetadata"), "8");
  EXPECT_EQ(Ask(till, "/v2/health/ready"), "200");
}

TEST_F(ServerAccessTest, ALoginIsCheckedOnceAndHeldToItsRoles) {
  options.require_key = true;
  options.audit_log = store() + "/audit.log";
  const access::GrantTerms terms{.name = "ann", .roles = {Role::kInfer}};
  ASSERT_TRUE(access::AddLogin(store(), terms, "correct horse", 0).ok());
  const std::string right = "Authorization: Basic YW5uOmNvcnJlY3QgaG9yc2U=\r\n";
  const std::string wrong = "Authorization: Basic YW5uOndyb25nIGhvcnNlMQ==\r\n";
  HttpTestClient client(server().port());
  EXPECT_EQ(client.Post(kInferPath, kBody).status, 401);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.Post(kInferPath, kBody, right).status, 200);
  EXPECT_EQ(client.Post(kInferPath, kBody, wrong).status, 401);
  EXPECT_EQ(client.Post(kLoad, "{}", right).status, 403);
  const Json line = AuditLines().back();
  EXPECT_EQ(line["by"], "login");
  EXPECT_EQ(line["name"], "ann");
  EXPECT_EQ(line["result"], "refused");
}

TEST_F(ServerAccessTest, TheAdminListenerAloneTakesWhatIsAdministrative) {
  options.admin = AdminListener{};
  options.audit_log = store() + "/audit.log";
  HttpTestClient main(server().port());
  HttpTestClient admin(server().admin_port());
  const std::string key = AdminKey();
  for (const std::string_view path : {kLoad, std::string_view("/v2/repository/index")}) {
    const auto refused = main.Post(path, "{}", key);
    EXPECT_EQ(refused.status, 403);
    EXPECT_THAT(refused.body, HasSubstr("admin listener"));
    EXPECT_EQ(admin.Post(path, "{}", key).status, 200);
    EXPECT_EQ(admin.Post(path, "{}").status, 401) << "a key is needed there too";
  }
  EXPECT_EQ(main.Get("/v2/config").status, 403);
  EXPECT_EQ(AuditLines().back()["result"], "refused");
  EXPECT_EQ(admin.Get("/v2/config", key).status, 200);
  EXPECT_EQ(main.Post(kInferPath, kBody).status, 200);
  EXPECT_EQ(admin.Post(kInferPath, kBody, key).status, 403);
  EXPECT_EQ(main.Get("/metrics").status, 200);
  const auto metrics = admin.Get("/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_THAT(metrics.body, HasSubstr("slipway_connections 2\n")) << "of both listeners";
  EXPECT_EQ(admin.Get("/v2/health/ready").status, 200);
}

TEST_F(ServerAccessTest, AnAdminListenerThatOthersReachNeedsTls) {
  options.admin = AdminListener{.address = "0.0.0.0", .port = 0};
  EXPECT_EQ(Decided(options, kOneCore, 1 << 30).status().number(), errors::kInsecureAddress);
}

TEST_F(ServerAccessTest, AdministrativeActsAndRefusedTriesAreInTheAuditLog) {
  options.audit_log = store() + "/audit.log";
  HttpTestClient client(server().port());
  EXPECT_EQ(client.Post(kInferPath, kBody).status, 200);
  EXPECT_EQ(client.Post(kLoad, "{}").status, 401);
  EXPECT_EQ(client.Post(kLoad, "{}", AdminKey()).status, 200);
  EXPECT_EQ(client.Post("/v2/repository/models/none/load", "{}", AdminKey()).status, 404);
  EXPECT_EQ(client.Post("/v2/repository/index", "{}", AdminKey()).status, 200);
  ASSERT_TRUE(access::AddKey(store(), {.name = "shop", .roles = {Role::kInfer}}, 0).ok());
  EXPECT_EQ(
      client.Post(kLoad, "{}", "Slipway-Key: slw_key_00000000_" + std::string(64, '0') + "\r\n")
          .status,
      401);
  std::vector<std::string> told;
  for (const Json& line : AuditLines())
    told.push_back(line["by"].get<std::string>() + " " + line["act"].get<std::string>() + " " +
                   line["result"].get<std::string>());
  EXPECT_THAT(told, testing::ElementsAre("server start ok", "anonymous load refused",
                                         "admin key load ok", "admin key load failed",
                                         "server keys_reload ok", "anonymous load refused"));
  const Json done = AuditLines().at(2);
  EXPECT_EQ(done["target"], std::string(kLoad));
  EXPECT_THAT(done["from"].get<std::string>(), HasSubstr("127.0.0.1:"));
}

// Fault A3: under the audit log
TEST_F(ServerAccessTest, AFullDiskStopsNoAdministrationAndIsCounted) {
  options.audit_log = "/dev/full";
  HttpTestClient client(server().port());
  EXPECT_EQ(client.Post(kLoad, "{}", AdminKey()).status, 200);
  EXPECT_EQ(client.Post(kInferPath, kBody).status, 200);
  EXPECT_THAT(client.Get("/metrics").body, HasSubstr("slipway_audit_lost_total 2\n"));
}

// Fault D3: its quota
TEST_F(ServerAccessTest, QuotasAreCountedAndShown) {
  options.anonymous_quota = {.rate = {.per_second = 1e-3, .burst = 2}};
  HttpTestClient client(server().port());
  EXPECT_EQ(client.Post(kInferPath, kBody).status, 200);
  EXPECT_EQ(client.Get("/v2").status, 200);
  const auto refused = client.Post(kInferPath, kBody);
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.head, HasSubstr("Retry-After: 1000"));
  const std::string key = AdminKey();
  EXPECT_THAT(client.Get("/metrics", key).body,
              HasSubstr("slipway_rejected_total{reason=\"quota_rate\"} 1\n"));
  EXPECT_THAT(client.Get("/v2/config", key).body, HasSubstr("3.6/h, 2 at once"));
}

}  // namespace
}  // namespace slipway::server
