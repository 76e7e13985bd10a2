#include "net/socket/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"
#include "net/testing/test_certificates.h"

namespace slipway::net {
namespace {

using testing::Contains;
using testing::HasSubstr;

/// A server's files that cannot be used, and what is said of them.
struct UnusableFiles {
  const char* name;
  void (*spoil)(TestTlsFiles& files);
  const char* message;
  const char* hint;
};

class UnusableTlsFiles : public testing::TestWithParam<UnusableFiles> {};

TEST_P(UnusableTlsFiles, AreRefusedWithWhatToDo) {
  TestTlsFiles files;
  GetParam().spoil(files);
  const Status status = TlsContext::ForServer(files.Options()).status();
  EXPECT_EQ(status.number(), errors::kTlsCertificate) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr(GetParam().message));
  EXPECT_THAT(status.hint(), HasSubstr(GetParam().hint));
  EXPECT_THAT(status.place(), HasSubstr("server."));
}

INSTANTIATE_TEST_SUITE_P(
    All, UnusableTlsFiles,
    testing::Values(
        UnusableFiles{"KeyOfAnother",
                      [](TestTlsFiles& files) {
                        files.WriteFile("server.key", TestIdentity::Make({}).KeyPem());
                      },
                      "the key does not belong to the certificate", "must come first"},
        UnusableFiles{"Expired",
                      [](TestTlsFiles& files) {
                        files.Write(TestIdentity::Make({.valid_until_seconds = -60}));
                      },
                      "the certificate expired on 20", "get a new one"},
        UnusableFiles{"NotYetValid",
                      [](TestTlsFiles& files) {
                        files.Write(TestIdentity::Make({.valid_from_seconds = 3600}));
                      },
                      "is valid from 20", "clock"},
        UnusableFiles{"EncryptedKey",
                      [](TestTlsFiles& files) {
                        const TestIdentity identity = TestIdentity::Make({});
                        files.Write(identity);
                        files.WriteFile("server.key", identity.KeyPem("secret"));
                      },
                      "the key is encrypted", "openssl pkey -in"},
        UnusableFiles{"KeyThatOthersMayRead",
                      [](TestTlsFiles& files) {
                        const TestIdentity identity = TestIdentity::Make({});
                        files.Write(identity);
                        files.WriteFile("server.key", identity.KeyPem(), 0644);
                      },
                      "may be read by others (mode 0644)", "chmod 600"},
        UnusableFiles{
            "WeakKey",
            [](TestTlsFiles& files) { files.Write(TestIdentity::Make({.rsa_bits = 1024})); },
            "key too small", "RSA of 2048 bits"},
        UnusableFiles{"NoPem",
                      [](TestTlsFiles& files) { files.WriteFile("server.crt", "certificate"); },
                      "holds no certificate", "BEGIN CERTIFICATE"},
        UnusableFiles{"HalfACertificate",
                      [](TestTlsFiles& files) {
                        const std::string pem = TestIdentity::Make({}).CertificatePem();
                        files.WriteFile("server.crt", pem + pem.substr(0, pem.size() / 2));
                      },
                      "certificate 2 of the file is damaged", "BEGIN CERTIFICATE"},
        UnusableFiles{"Mixed",
                      [](TestTlsFiles& files) {
                        files.WriteFile("server.key", TestIdentity::Make({}).CertificatePem());
                      },
                      "holds no private key", "mixed up"}),
    [](const auto& info) { return info.param.name; });

TEST(TlsContext, NamesTheFileThatIsNotThere) {
  const TestTlsFiles files;
  TlsServerOptions options = files.Options();
  options.key_file = files.Path("absent.key");
  const Status status = TlsContext::ForServer(options).status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_THAT(status.ToString(), HasSubstr("absent.key"));
}

TEST(TlsContext, NeedsACertificateInTheFileOfTheAuthority) {
  const TestTlsFiles files;
  TlsServerOptions options = files.Options();
  options.client_ca_file = files.WriteFile("ca.crt", "nothing");
  EXPECT_EQ(TlsContext::ForServer(options).status().number(), errors::kTlsCertificate);
  EXPECT_EQ(TlsContext::ForClient({.ca_file = options.client_ca_file}).status().number(),
            errors::kTlsCertificate);
}

TEST(TlsContext, ReadsWhatTheCertificateSays) {
  const TestIdentity authority = TestIdentity::Make({.name = "CA", .is_authority = true});
  const TestTlsFiles files(
      TestIdentity::Make({.other_names = "DNS:model.example,IP:10.0.0.1"}, &authority));
  const auto context = TlsContext::ForServer(files.Options());
  ASSERT_TRUE(context.ok()) << context.status().ToString();
  const CertificateFacts& facts = (*context)->certificate();
  EXPECT_EQ(facts.names, (std::vector<std::string>{"model.example", "10.0.0.1"}));
  EXPECT_FALSE(facts.is_self_signed);
  EXPECT_NEAR(static_cast<double>(facts.not_after), static_cast<double>(time(nullptr) + 86400), 60);
}

TEST(TlsContext, KnowsThatACertificateVouchesForItself) {
  const TestTlsFiles files;
  EXPECT_TRUE(TlsContext::ForServer(files.Options()).value()->certificate().is_self_signed);
}

}  // namespace
}  // namespace slipway::net
