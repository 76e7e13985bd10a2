#include "cli/served_address.h"

#include <gtest/gtest.h>

namespace slipway::cli {
namespace {

using access::Openness;

server::ServerOptions Clear(std::string address) {
  return {.address = std::move(address), .openness = Openness::kToInference};
}

server::ServerOptions Tls(std::string address, std::string client_ca = "") {
  return {.address = std::move(address),
          .tls = net::TlsServerOptions{.certificate_file = "a b/it's.crt",
                                       .client_ca_file = std::move(client_ca)},
          .openness = Openness::kToInference};
}

std::string UrlOf(const std::string& address, std::vector<std::string> names) {
  return AddressOf(Tls(address), 8080, net::CertificateFacts{.names = std::move(names)}).url;
}

TEST(ServedAddress, OfClearTextIsWhatABrowserHereOpens) {
  EXPECT_EQ(AddressOf(Clear("127.0.0.1"), 8081, std::nullopt).url, "http://127.0.0.1:8081");
  EXPECT_EQ(AddressOf(Clear("0.0.0.0"), 80, std::nullopt).url, "http://127.0.0.1:80");
  EXPECT_EQ(AddressOf(Clear("::1"), 80, std::nullopt).url, "http://[::1]:80");
  EXPECT_EQ(AddressOf(Clear("127.0.0.1"), 80, std::nullopt).curl, "curl -s");
}

TEST(ServedAddress, OfASocketOfThisMachineIsReachedThroughItsFile) {
  const ServedAddress address = AddressOf(Clear("unix:/run/a b.sock"), 0, std::nullopt);
  EXPECT_EQ(address.url, "http://localhost:80");
  EXPECT_EQ(address.curl, "curl -s --unix-socket '/run/a b.sock'");
}

TEST(ServedAddress, OfTlsHasANameThatTheCertificateIsFor) {
  EXPECT_EQ(UrlOf("0.0.0.0", {"localhost", "127.0.0.1"}), "https://127.0.0.1:8080");
  EXPECT_EQ(UrlOf("0.0.0.0", {"model.example", "localhost"}), "https://localhost:8080");
  EXPECT_EQ(UrlOf("10.0.0.1", {"model.example"}), "https://model.example:8080");
  EXPECT_EQ(UrlOf("10.0.0.1", {"*.example"}), "https://10.0.0.1:8080");
  EXPECT_EQ(UrlOf("10.0.0.1", {}), "https://10.0.0.1:8080");
}

TEST(ServedAddress, CurlIsToldOfACertificateThatVouchesForItself) {
  const net::CertificateFacts itself{.names = {"localhost"}, .is_self_signed = true};
  EXPECT_EQ(AddressOf(Tls("127.0.0.1"), 8080, itself).curl, "curl -s --cacert 'a b/it'\\''s.crt'");
  EXPECT_EQ(AddressOf(Tls("127.0.0.1"), 8080, net::CertificateFacts{}).curl, "curl -s");
}

TEST(ServedAddress, CurlIsToldThatItMustShowACertificate) {
  EXPECT_EQ(AddressOf(Tls("127.0.0.1", "ca.crt"), 8080, net::CertificateFacts{}).curl,
            "curl -s --cert CERTIFICATE --key KEY");
}

TEST(ServedAddress, CurlIsToldWhereTheKeyIsThatItNeeds) {
  server::ServerOptions options = Clear("127.0.0.1");
  options.store_folder = "/my store";
  options.openness = Openness::kToNobody;
  EXPECT_EQ(AddressOf(options, 80, std::nullopt).curl,
            "curl -s -H \"Slipway-Key: $(cat '/my store/admin.key')\"");
}

}  // namespace
}  // namespace slipway::cli
