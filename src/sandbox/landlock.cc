#include "sandbox/landlock.h"

#include <linux/landlock.h>
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

constexpr std::uint64_t FileRights(long abi) {
  std::uint64_t bits = 13;  // ABI 1: execute to make_sym
  if (abi >= 2) bits = 14;  // refer
  if (abi >= 3) bits = 15;  // truncate
  if (abi >= 5) bits = 16;  // ioctl_dev
  return (std::uint64_t{1} << bits) - 1;
}

}  // namespace

bool DropFileSystemRights() {
  const long abi =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) return false;
  RulesetAttributes attributes{.file_rights = FileRights(abi)};
  if (abi >= 4) attributes.network_rights = 3;  // bind and connect TCP
  const std::size_t size = abi >= 4 ? sizeof attributes : sizeof attributes.file_rights;
  const FileDescriptor ruleset(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
  return ruleset.valid() && syscall(SYS_landlock_restrict_self, ruleset.get(), 0) == 0;
}

}  // namespace slipway::sandbox
