#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

struct ssl_ctx_st;  // of OpenSSL, whose headers only the .cc files of TLS include

namespace slipway::net {

enum class TlsVersion { k12, k13 };

/// Where a server's certificate is, and whom it talks to.
struct TlsServerOptions {
  std::string certificate_file;  ///< PEM: the server's certificate, then those up to its authority
  std::string key_file;          ///< PEM, not encrypted, readable by nobody else
  /// PEM: certificates of authorities, perhaps with their lists of revoked ones. Not empty: a
  /// client must have a certificate of one of them.
  std::string client_ca_file;
  TlsVersion least = TlsVersion::k13;
};

/// Whom a client believes, and who it says it is.
struct TlsClientOptions {
  std::string ca_file;           ///< PEM: trusted authorities; empty: those of the system
  std::string certificate_file;  ///< PEM: for servers that ask; empty: none
  std::string key_file;          ///< PEM, as for a server
};

/// What a server's certificate says of itself.
struct CertificateFacts {
  std::vector<std::string> names;  ///< hosts and addresses that it is for
  std::int64_t not_after = 0;      ///< seconds since 1970
  bool is_self_signed = false;
};

/// Everything that TLS connections share: certificate, key, whom to trust, versions and ciphers
/// (docs/security.md). Immutable and thread-safe; lives as long as one of its connections.
class TlsContext {
 public:
  /// Reads the files whole. FailedPrecondition (kTlsCertificate), saying what to do: not PEM, not a
  /// pair, expired, encrypted, a key that others may read, a key too weak. NotFound,
  /// PermissionDenied: a file cannot be read.
  static Result<std::shared_ptr<const TlsContext>> ForServer(const TlsServerOptions& options);
  /// The same errors.
  static Result<std::shared_ptr<const TlsContext>> ForClient(const TlsClientOptions& options);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  ssl_ctx_st* get() const { return context_; }
  /// What a server shows.
  const CertificateFacts& certificate() const { return certificate_; }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}

  ssl_ctx_st* const context_;
  CertificateFacts certificate_;
};

}  // namespace slipway::net
