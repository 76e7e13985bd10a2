#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/testing/test_certificates.h"

namespace slipway::net {

/// For tests: a blocking client of TLS that can be told what to offer. Checks no certificate.
class TestTlsClient {
 public:
  struct Options {
    std::vector<std::string> protocols;      ///< for ALPN
    const TestIdentity* identity = nullptr;  ///< shown to a server that asks
    bool only_tls12 = false;
    std::string ciphers_of_12;  ///< "": those of OpenSSL
  };
  /// Connects to the loopback address and shakes hands.
  TestTlsClient(std::uint16_t port, const Options& options);
  ~TestTlsClient();
  TestTlsClient(const TestTlsClient&) = delete;
  TestTlsClient& operator=(const TestTlsClient&) = delete;

  bool IsEstablished() const;
  std::string Protocol() const;  ///< agreed on by ALPN
  std::string Version() const;   ///< "TLSv1.3"
  /// Sends a request and returns what comes next; "" where the connection failed.
  std::string Ask(std::string_view request);
  /// Why it failed, in OpenSSL's words.
  const std::string& error() const { return error_; }
  int socket() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  std::string error_;
};

}  // namespace slipway::net
