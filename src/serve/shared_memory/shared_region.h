#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/file.h"
#include "base/status.h"

namespace slipway::serve {

/// What a client says of a region when it registers it, and what the status shows.
struct RegionFacts {
  std::string name;             ///< how requests name it
  std::string key;              ///< of shm_open(3): one name, with or without a slash before it
  std::uint64_t offset = 0;     ///< where the region begins in the object
  std::uint64_t byte_size = 0;  ///< of the region
};

/// A part of a shared memory object that clients created. Its bytes are read and written through
/// the descriptor, by the kernel: an object that its client shrinks is an error then and no SIGBUS,
/// and what was read does not change any more. Immutable; thread-safe.
class SharedRegion {
 public:
  /// Opens the object `facts.key` in `folder` for reading and writing. InvalidArgument: a name or
  /// key that may not be, no bytes, a region that reaches past the object as it is now, something
  /// that is no shared memory object (links included). NotFound, PermissionDenied: the object.
  static Result<std::shared_ptr<const SharedRegion>> Open(const std::string& folder,
                                                          RegionFacts facts);

  const RegionFacts& facts() const { return facts_; }

  /// Fills `bytes` from `offset` of the region on. Precondition: they lie within the region.
  /// FailedPrecondition: the object has become shorter.
  Status Read(std::uint64_t offset, std::span<std::byte> bytes) const;
  /// Copies `bytes` to `offset` of the region. The same; an object is never made longer again,
  /// except by a client that shrinks it in this very moment, and then up to the region's end.
  Status Write(std::uint64_t offset, std::span<const std::byte> bytes) const;

 private:
  SharedRegion(RegionFacts facts, FileDescriptor object)
      : facts_(std::move(facts)), object_(std::move(object)) {}

  Status HasShrunk() const;

  const RegionFacts facts_;
  const FileDescriptor object_;
};

}  // namespace slipway::serve
