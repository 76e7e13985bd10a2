#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/grant.h"
#include "base/status.h"

namespace slipway::access {

/// What is given to somebody, whatever the credential.
struct GrantTerms {
  std::string name;  ///< 1 to 64 printable characters without spaces
  std::vector<Role> roles;
  Quota quota;
  std::optional<std::int64_t> expires_unix_seconds;
};

/// A key that was made: "slw_key_ID_SECRET", the grant's id and 256 random bits in hexadecimal. The
/// store keeps its SHA-256 alone, from which it cannot be recovered.
struct NewKey {
  Grant grant;
  std::string text;  ///< said once, to whoever asked for it
};

/// The grant's id in a key's text; empty: it is not of that form.
std::string_view KeyId(std::string_view text);

/// Where a store's grants are kept: FOLDER/keys.json.
std::string GrantFilePath(const std::string& store_folder);

/// The store's grants, oldest first; none if there is no file. DataLoss, naming the place: the file
/// is not what was written.
Result<std::vector<Grant>> ReadGrants(const std::string& store_folder);

// Each keeps one more. InvalidArgument (kUsage): terms that are not as they say, no role.
// ResourceExhausted: the store has 10,000 grants. Processes that change the file at one time take
// turns.

Result<NewKey> AddKey(const std::string& store_folder, GrantTerms terms,
                      std::int64_t now_unix_seconds);
/// For whoever shows a certificate with that name, which a server's --tls-client-ca vouches for.
/// InvalidArgument (kUsage): not "URI:", "DNS:" or "CN:" and 1 to 256 printable characters.
/// AlreadyExists: another has it.
Result<Grant> AddCertificate(const std::string& store_folder, GrantTerms terms,
                             std::string_view certificate, std::int64_t now_unix_seconds);

/// For whoever sends that name and password by HTTP's Basic. InvalidArgument (kUsage): the password
/// is not as HashPassword() wants it, or the name has a colon. AlreadyExists: another login has the
/// name.
Result<Grant> AddLogin(const std::string& store_folder, GrantTerms terms, std::string_view password,
                       std::int64_t now_unix_seconds);

/// Forgets a grant, by its id or by the one name that it alone has. NotFound; InvalidArgument:
/// several have that name.
Result<Grant> RemoveGrant(const std::string& store_folder, std::string_view id_or_name);

}  // namespace slipway::access
