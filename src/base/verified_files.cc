#include "base/verified_files.h"

#include <sys/stat.h>

#include <cerrno>
#include <ctime>

namespace slipway {
namespace {

std::int64_t Nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::int64_t Now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return Nanoseconds(now);
}

}  // namespace

Result<Digest> VerifiedFiles::DigestOf(int descriptor) {
  struct stat file;
  if (fstat(descriptor, &file) != 0) return ErrnoStatus(errno, "cannot stat a file");
  const std::pair<std::uint64_t, std::uint64_t> place(file.st_dev, file.st_ino);
  const auto size = static_cast<std::uint64_t>(file.st_size);
  const std::int64_t written = Nanoseconds(file.st_mtim);
  const std::int64_t changed = Nanoseconds(file.st_ctim);
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(place);
    if (known != known_.end() && known->second.size == size &&
        known->second.written_ns == written && known->second.changed_ns == changed)
      return known->second.digest;
  }
  const bool is_settled = Now() - changed > too_young_.count();
  reads_.fetch_add(1, std::memory_order_relaxed);
  SLIPWAY_TRY(const Digest digest, Sha256OfFile(descriptor));
  if (is_settled) {
    const std::lock_guard lock(mutex_);
    if (known_.size() >= kMost) known_.clear();
    known_[place] = {size, written, changed, digest};
  }
  return digest;
}

}  // namespace slipway
