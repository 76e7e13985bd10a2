#include "base/verified_files.h"

#include <sys/stat.h>

#include <cerrno>
#include <ctime>

namespace slipway {
namespace {

std::int64_t Nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

Result<FileIdentity> IdentityOf(int descriptor) {
  struct stat file;
  if (fstat(descriptor, &file) != 0) return ErrnoStatus(errno, "cannot stat a file");
  return FileIdentity{.device = file.st_dev,
                      .inode = file.st_ino,
                      .size = static_cast<std::uint64_t>(file.st_size),
                      .written_ns = Nanoseconds(file.st_mtim),
                      .changed_ns = Nanoseconds(file.st_ctim)};
}

std::chrono::nanoseconds AgeOf(const FileIdentity& file) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::chrono::nanoseconds(Nanoseconds(now) - file.changed_ns);
}

}  // namespace slipway
