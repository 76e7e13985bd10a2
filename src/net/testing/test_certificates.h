#pragma once

#include <memory>
#include <string>

#include "base/file.h"
#include "net/socket/tls_certificates.h"

namespace slipway::net {

/// For tests: a certificate and its key, made when asked for. Copies share them.
class TestIdentity {
 public:
  struct Request {
    std::string name = "localhost";
    std::string other_names = "DNS:localhost,IP:127.0.0.1,IP:::1";
    long valid_from_seconds = -3600;  ///< counted from now
    long valid_until_seconds = 86400;
    bool is_authority = false;
    int rsa_bits = 0;  ///< 0: a key on the curve P-256
  };
  /// Signed by `issuer`; nullptr: by itself.
  static TestIdentity Make(const Request& request, const TestIdentity* issuer = nullptr);

  std::string CertificatePem() const;
  /// Encrypted if there is a password.
  std::string KeyPem(const std::string& password = "") const;
  /// A list that revokes `revoked`, signed by this.
  std::string RevocationListPem(const TestIdentity& revoked) const;

 private:
  struct Parts;
  std::shared_ptr<const Parts> parts_;
};

/// For tests: the files of a server, in a folder of their own.
class TestTlsFiles {
 public:
  /// An identity that vouches for itself.
  TestTlsFiles() : TestTlsFiles(TestIdentity::Make({})) {}
  explicit TestTlsFiles(const TestIdentity& identity);

  /// Writes them anew.
  void Write(const TestIdentity& identity);
  /// Writes a file beside them; returns its path.
  std::string WriteFile(const std::string& name, const std::string& content,
                        unsigned mode = 0600) const;
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }
  TlsServerOptions Options() const {
    return {.certificate_file = Path("server.crt"), .key_file = Path("server.key")};
  }

 private:
  TemporaryDirectory folder_;
};

}  // namespace slipway::net
