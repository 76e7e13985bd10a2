#include "net/socket/tls_certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "base/error_catalogue.h"
#include "net/testing/test_certificates.h"

namespace slipway::net {
namespace {

using Change = TlsCertificates::Change;

const MonotonicTime kNow = std::chrono::steady_clock::now();

TestIdentity Named(const std::string& name) {
  return TestIdentity::Make({.other_names = "DNS:" + name});
}

std::string NameOf(const TlsCertificates& certificates) {
  return certificates.current()->certificate().names.at(0);
}

// Fault E3: half written
TEST(TlsCertificates, TakesNewFilesOnceTheyLieStill) {
  TestTlsFiles files(Named("old"));
  const auto certificates = TlsCertificates::Load(files.Options()).value();
  EXPECT_EQ(certificates->ReloadIfChanged(kNow).value(), Change::kNone);
  files.Write(Named("new"));
  EXPECT_EQ(certificates->ReloadIfChanged(kNow).value(), Change::kNone);
  EXPECT_EQ(NameOf(*certificates), "old");
  EXPECT_EQ(certificates->ReloadIfChanged(kNow).value(), Change::kReplaced);
  EXPECT_EQ(NameOf(*certificates), "new");
}

// Bad input S9: a certificate and a key that do not match leave the old ones
// Fault E3: a pair that does not match
TEST(TlsCertificates, KeepsTheOldPairWhereTheNewOneDoesNotMatchAndSaysSoOnce) {
  TestTlsFiles files(Named("old"));
  const auto certificates = TlsCertificates::Load(files.Options()).value();
  files.WriteFile("server.crt", Named("new").CertificatePem());
  EXPECT_TRUE(certificates->ReloadIfChanged(kNow).ok());
  EXPECT_EQ(certificates->ReloadIfChanged(kNow).status().number(), errors::kTlsCertificate);
  EXPECT_TRUE(certificates->ReloadIfChanged(kNow).ok());
  EXPECT_EQ(NameOf(*certificates), "old");
}

// Fault E3: files that are gone
TEST(TlsCertificates, KeepsTheOldPairWhereTheFilesAreGone) {
  TestTlsFiles files(Named("old"));
  const auto certificates = TlsCertificates::Load(files.Options()).value();
  ASSERT_EQ(unlink(files.Path("server.crt").c_str()), 0);
  EXPECT_EQ(certificates->Reload().code(), Code::kNotFound);
  EXPECT_EQ(NameOf(*certificates), "old");
}

TEST(TlsCertificates, ReadsAtOnceWhenAsked) {
  TestTlsFiles files(Named("old"));
  const auto certificates = TlsCertificates::Load(files.Options()).value();
  files.Write(Named("new"));
  EXPECT_TRUE(certificates->Reload().ok());
  EXPECT_EQ(NameOf(*certificates), "new");
}

TEST(TlsCertificates, MakesNewTicketKeysTwiceADay) {
  const TestTlsFiles files;
  const auto certificates = TlsCertificates::Load(files.Options()).value();
  const auto first = certificates->current();
  EXPECT_EQ(certificates->ReloadIfChanged(kNow + std::chrono::hours(11)).value(), Change::kNone);
  EXPECT_EQ(certificates->current(), first);
  EXPECT_EQ(certificates->ReloadIfChanged(kNow + std::chrono::hours(13)).value(), Change::kNone);
  EXPECT_NE(certificates->current(), first);
}

}  // namespace
}  // namespace slipway::net
