#include "sandbox/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "base/file.h"

namespace slipway::sandbox {

namespace {

/// The kernel's structure as of ABI 4; the C library's header may be older.
struct RulesetAttributes {
  std::uint64_t file_rights = 0;
  std::uint64_t network_rights = 0;
};

constexpr std::uint64_t kTruncate = std::uint64_t{1} << 14;  // as of ABI 3
constexpr std::uint64_t kOfFiles =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;
constexpr std::uint64_t kReading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kWriting = kReading | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                   LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                   kTruncate;

constexpr std::uint64_t FileRights(long abi) {
  std::uint64_t bits = 13;  // ABI 1: execute to make_sym
  if (abi >= 2) bits = 14;  // refer
  if (abi >= 3) bits = 15;  // truncate
  if (abi >= 5) bits = 16;  // ioctl_dev
  return (std::uint64_t{1} << bits) - 1;
}

bool Grant(int ruleset, const std::string& path, std::uint64_t rights) {
  const FileDescriptor place(open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat kind;
  if (!place.valid() || fstat(place.get(), &kind) != 0) return true;  // whoever opens it will tell
  landlock_path_beneath_attr beneath{
      .allowed_access = S_ISDIR(kind.st_mode) ? rights : rights & kOfFiles,
      .parent_fd = place.get()};
  return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
}

}  // namespace

bool RestrictFileSystem(const FileReach& reach) {
  const long abi =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) return false;
  RulesetAttributes attributes{.file_rights = FileRights(abi)};
  if (abi >= 4) attributes.network_rights = 3;  // bind and connect TCP
  const std::size_t size = abi >= 4 ? sizeof attributes : sizeof attributes.file_rights;
  const FileDescriptor ruleset(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
  if (!ruleset.valid()) return false;
  for (const std::string& path : reach.readable)
    if (!Grant(ruleset.get(), path, kReading & attributes.file_rights)) return false;
  if (!reach.writable.empty() &&
      !Grant(ruleset.get(), reach.writable, kWriting & attributes.file_rights))
    return false;
  return syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0;
}

}  // namespace slipway::sandbox
