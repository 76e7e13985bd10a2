#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/right.h"
#include "base/sha256.h"
#include "base/status.h"

namespace slipway::access {

/// A key that was given to somebody, as it is kept: by its SHA-256, from which it cannot be
/// recovered. A key is "slw_key_ID_SECRET": eight hexadecimal digits by which it is found and named
/// in logs, and 256 random bits in hexadecimal.
struct ApiKey {
  std::string id;
  std::string name;  ///< of whoever holds it, for people
  std::vector<Role> roles;
  Digest digest;
  std::int64_t created_unix_seconds = 0;
  std::optional<std::int64_t> expires_unix_seconds;

  bool IsExpired(std::int64_t now_unix_seconds) const {
    return expires_unix_seconds && now_unix_seconds >= *expires_unix_seconds;
  }
};

struct NewApiKey {
  ApiKey key;
  std::string text;  ///< said once, to whoever asked for it
};

/// The id in a key's text; empty: it is not of that form.
std::string_view ApiKeyId(std::string_view text);

/// Where a store's keys are kept: FOLDER/keys.json.
std::string KeyFilePath(const std::string& store_folder);

/// The store's keys, oldest first; none if there is no file. DataLoss, naming the place: the file
/// is not what AddApiKey() wrote.
Result<std::vector<ApiKey>> ReadApiKeys(const std::string& store_folder);

/// Makes a key and keeps it. InvalidArgument: a name that is empty, longer than 64 or not
/// printable; no role. ResourceExhausted: the store has 10,000 keys. Processes that change the file
/// at one time take turns.
Result<NewApiKey> AddApiKey(const std::string& store_folder, std::string_view name,
                            std::vector<Role> roles, std::int64_t now_unix_seconds,
                            std::optional<std::int64_t> expires_unix_seconds);

/// Forgets a key, by its id or by the one name that it alone has. NotFound; InvalidArgument:
/// several have that name.
Result<ApiKey> RemoveApiKey(const std::string& store_folder, std::string_view id_or_name);

}  // namespace slipway::access
