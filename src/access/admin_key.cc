#include "access/admin_key.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "access/secret.h"
#include "base/file.h"
#include "base/text.h"

namespace slipway::access {
namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kKeyLength = AdminKey::kPrefix.size() + 2 * kSecretBytes;
constexpr std::size_t kMaxFileBytes = 4096;

bool IsAdminKey(std::string_view text) {
  return text.size() == kKeyLength && text.starts_with(AdminKey::kPrefix) &&
         IsHex(text.substr(AdminKey::kPrefix.size()), 2 * kSecretBytes);
}

Result<std::string> NewKey() {
  SLIPWAY_TRY(const std::string secret, RandomHex(kSecretBytes));
  return std::string(AdminKey::kPrefix) + secret;
}

// The file appears by link(2), which never replaces: of two servers that start together, the second
// reads the first one's key.
Status CreateKeyFile(const std::string& folder, const std::string& path) {
  SLIPWAY_RETURN_IF_ERROR(MakeDirectories(folder));
  SLIPWAY_TRY(const std::string key, NewKey());
  SLIPWAY_TRY(const TemporaryDirectory scratch, TemporaryDirectory::Create(".admin-key-", folder));
  const std::string draft = scratch.path() + "/admin.key";
  SLIPWAY_RETURN_IF_ERROR(WriteFileAtomically(draft, key + "\n", 0600));
  if (link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, fmt::format("cannot create {}", path));
  }
  return SyncDirectory(folder);
}

Status CheckOwnerOnly(int descriptor, const std::string& path) {
  struct stat file{};
  if (fstat(descriptor, &file) != 0)
    return ErrnoStatus(errno, fmt::format("cannot examine {}", path));
  if ((file.st_mode & 077) == 0) return {};
  return FailedPrecondition(fmt::format("the admin key may be read by others (mode {:04o})",
                                        file.st_mode & 07777u))
      .At(path)
      .Hint(fmt::format("chmod 600 {}", path));
}

}  // namespace

std::string AdminKeyPath(const std::string& store_folder) { return store_folder + "/admin.key"; }

Result<AdminKey> AdminKey::LoadOrCreate(const std::string& store_folder) {
  const std::string path = AdminKeyPath(store_folder);
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    SLIPWAY_RETURN_IF_ERROR(CreateKeyFile(store_folder, path));
  }
  SLIPWAY_TRY(const FileDescriptor file, OpenRegularFile(path));
  SLIPWAY_RETURN_IF_ERROR(CheckOwnerOnly(file.get(), path));
  SLIPWAY_TRY(std::string content, ReadAll(file.get(), kMaxFileBytes));
  Result<AdminKey> key = FromText(Trim(content));
  OPENSSL_cleanse(content.data(), content.size());
  if (key.ok()) return key;
  return FailedPrecondition("the file does not hold an admin key")
      .At(path)
      .Hint(fmt::format("remove it: the next start writes a new key (rm {})", path));
}

Result<AdminKey> AdminKey::FromText(std::string_view key) {
  if (!IsAdminKey(key)) {
    return InvalidArgument(fmt::format(
        "not an admin key: expected \"{}\" and {} hexadecimal digits", kPrefix, 2 * kSecretBytes));
  }
  return AdminKey(Sha256Of(key));
}

bool AdminKey::Admits(std::string_view presented) const { return HasDigest(presented, digest_); }

}  // namespace slipway::access
