#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "base/checksum.h"
#include "base/sha256.h"
#include "base/status.h"

namespace slipway {

/// A file as its disk knows it: its place there, its size and the times of its last change, which
/// whatever writes to it through the kernel sets.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t written_ns = 0;
  std::int64_t changed_ns = 0;

  bool operator==(const FileIdentity&) const = default;
};
Result<FileIdentity> IdentityOf(int descriptor);
/// Since the file was last changed, by the clock on the wall.
std::chrono::nanoseconds AgeOf(const FileIdentity& file);

/// Remembers what the content of files summed up to, so that a large one is read once a process and
/// not at each use. One that was changed within the last seconds is read again each time, since the
/// clock of a disk is coarse. Bounded. Thread-safe.
template <class Sum, Result<Sum> (*SumOfFile)(int descriptor)>
class VerifiedFiles {
 public:
  static constexpr std::size_t kMost = 65'536;  ///< beyond, all are forgotten

  static constexpr std::chrono::milliseconds kTooYoung{2000};

  /// A file whose last change is not as long ago is not remembered.
  explicit VerifiedFiles(std::chrono::milliseconds too_young = kTooYoung) : too_young_(too_young) {}

  /// SumOfFile(), or what that said of this very file.
  Result<Sum> SumOf(int descriptor) {
    SLIPWAY_TRY(const FileIdentity file, IdentityOf(descriptor));
    {
      const std::lock_guard lock(mutex_);
      const auto known = known_.find(file.inode);
      if (known != known_.end() && known->second.file == file) return known->second.sum;
    }
    const bool is_settled = AgeOf(file) > too_young_;
    reads_.fetch_add(1, std::memory_order_relaxed);
    SLIPWAY_TRY(const Sum sum, SumOfFile(descriptor));
    if (is_settled) {
      const std::lock_guard lock(mutex_);
      if (known_.size() >= kMost) known_.clear();
      known_[file.inode] = {file, sum};
    }
    return sum;
  }
  /// How many files were read so far.
  std::uint64_t reads() const { return reads_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    FileIdentity file;
    Sum sum;
  };

  const std::chrono::nanoseconds too_young_;
  std::atomic<std::uint64_t> reads_ = 0;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Entry> known_;  // by inode; guarded by mutex_
};

using DigestedFiles = VerifiedFiles<Digest, Sha256OfFile>;
using ChecksummedFiles = VerifiedFiles<Checksum, ChecksumOfFile>;

}  // namespace slipway
