#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "serve/shared_memory/shared_range.h"
#include "serve/shared_memory/shared_region.h"

namespace slipway::serve {

struct SharedMemoryLimits {
  std::size_t max_regions = 256;  ///< registered at one time; each holds a descriptor
  std::uint64_t max_bytes = std::uint64_t{1} << 30;  ///< of them all
};

/// The regions that clients registered. Thread-safe; calls open at most one object of the machine's
/// shared memory, and wait for no disk.
class RegionTable {
 public:
  /// `folder` holds the shared memory objects of the machine.
  explicit RegionTable(SharedMemoryLimits limits, std::string folder = "/dev/shm")
      : limits_(limits), folder_(std::move(folder)) {}

  /// AlreadyExists: the name is taken. ResourceExhausted: more regions or bytes than the limits.
  /// Else what SharedRegion::Open() says.
  Status Register(RegionFacts facts);
  /// Forgets one, if it is there; requests that use it go on.
  void Unregister(std::string_view name);
  void UnregisterAll();

  /// All, by name.
  std::vector<RegionFacts> Regions() const;
  /// NotFound.
  Result<RegionFacts> Facts(std::string_view name) const;
  /// The stretch that a request names. NotFound; what SharedRange::Within() says.
  Result<SharedRange> Find(const SharedPlace& place) const;

 private:
  Result<std::shared_ptr<const SharedRegion>> Region(std::string_view name) const;
  Status CheckRoom(const RegionFacts& facts) const;  // mutex_ is held

  const SharedMemoryLimits limits_;
  const std::string folder_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const SharedRegion>, std::less<>> regions_;
  std::uint64_t bytes_ = 0;  // of all regions_
};

}  // namespace slipway::serve
