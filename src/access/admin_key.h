#pragma once

#include <string>
#include <string_view>

#include "base/sha256.h"
#include "base/status.h"

namespace slipway::access {

/// The one credential of a server's admin routes: "slw_admin_" and 256 random bits in hexadecimal.
/// It lies in the store's folder as admin.key, mode 0600, so that the command line of the same user
/// finds it; in memory only its SHA-256 is kept, and it is never logged. Immutable, thread-safe.
class AdminKey {
 public:
  static constexpr std::string_view kPrefix = "slw_admin_";

  /// Reads FOLDER/admin.key; a store without one receives a new key first (two servers that start
  /// together agree on one). FailedPrecondition: the file is not a key, or others than its owner
  /// may read it; the hint says how to mend it.
  static Result<AdminKey> LoadOrCreate(const std::string& store_folder);
  /// For tests and keys that come from elsewhere. InvalidArgument: not the form above.
  static Result<AdminKey> FromText(std::string_view key);

  /// True if `presented` is the key. Takes the same time wherever they differ.
  bool Admits(std::string_view presented) const;

 private:
  explicit AdminKey(const Digest& digest) : digest_(digest) {}
  Digest digest_;
};

/// Where the key of a store lies.
std::string AdminKeyPath(const std::string& store_folder);

}  // namespace slipway::access
