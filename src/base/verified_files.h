#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/sha256.h"
#include "base/status.h"

namespace slipway {

/// Remembers what the content of files hashed to, so that a large one is read once a process and
/// not at each use. A file is known by its place on its disk, its size and the times of its last
/// change: whatever writes to it through the kernel sets them. One that was changed within the last
/// seconds is hashed again each time, since the clock of a disk is coarse. Bounded. Thread-safe.
class VerifiedFiles {
 public:
  static constexpr std::size_t kMost = 65'536;  ///< beyond, all are forgotten

  static constexpr std::chrono::milliseconds kTooYoung{2000};

  /// A file whose last change is not as long ago is not remembered.
  explicit VerifiedFiles(std::chrono::milliseconds too_young = kTooYoung) : too_young_(too_young) {}

  /// The digest of the content: Sha256OfFile(), or what that said of this very file.
  Result<Digest> DigestOf(int descriptor);
  /// How many files were read so far.
  std::uint64_t reads() const { return reads_.load(std::memory_order_relaxed); }

 private:
  struct Entry {
    std::uint64_t size;
    std::int64_t written_ns;
    std::int64_t changed_ns;
    Digest digest;
  };
  struct HashOfPlace {
    std::size_t operator()(const std::pair<std::uint64_t, std::uint64_t>& place) const {
      return place.first * 31 + place.second;
    }
  };

  const std::chrono::nanoseconds too_young_;
  std::atomic<std::uint64_t> reads_ = 0;
  std::mutex mutex_;
  // By device and inode; guarded by mutex_.
  std::unordered_map<std::pair<std::uint64_t, std::uint64_t>, Entry, HashOfPlace> known_;
};

}  // namespace slipway
