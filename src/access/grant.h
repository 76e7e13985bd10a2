#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "access/quota.h"
#include "access/right.h"
#include "base/sha256.h"

namespace slipway::access {

/// One name of a certificate, as a verified client shows it: "URI:spiffe://shop/till",
/// "DNS:till.shop.example", "CN:till". Compared whole.
struct CertificateName {
  std::string text;
};

/// The hash of a login's password (password.h). Its user is the grant's name.
struct PasswordHash {
  std::string text;
};

/// By what a holder is known: the SHA-256 of a key, a name in a certificate, or a password.
using Credential = std::variant<Digest, CertificateName, PasswordHash>;
/// "key", "certificate", "login".
std::string_view CredentialKind(const Credential& credential);

/// What somebody may do here, however they show who they are.
struct Grant {
  std::string id;    ///< eight hexadecimal digits, unique
  std::string name;  ///< of whoever holds it, for people
  std::vector<Role> roles;
  Quota quota;
  Credential credential;
  std::int64_t created_unix_seconds = 0;
  std::optional<std::int64_t> expires_unix_seconds;

  bool Allows(Right right) const;
  bool IsExpired(std::int64_t now_unix_seconds) const {
    return expires_unix_seconds && now_unix_seconds >= *expires_unix_seconds;
  }
};

}  // namespace slipway::access
