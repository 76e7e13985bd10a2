#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "serve/shared_memory/shared_region.h"

namespace slipway::serve {

/// Where a tensor lies, as a request says it in the parameters of an input or output. A view of the
/// request.
struct SharedPlace {
  std::string_view region;
  std::uint64_t offset = 0;                ///< in the region
  std::optional<std::uint64_t> byte_size;  ///< of the tensor; of an output: room for it
};

/// The three parameters of a tensor in shared memory.
inline constexpr std::string_view kSharedRegionKey = "shared_memory_region";
inline constexpr std::string_view kSharedOffsetKey = "shared_memory_offset";
inline constexpr std::string_view kSharedSizeKey = "shared_memory_byte_size";
constexpr bool IsSharedKey(std::string_view key) {
  return key == kSharedRegionKey || key == kSharedOffsetKey || key == kSharedSizeKey;
}

/// A stretch of a region, within its bounds. Keeps the region, though it be unregistered meanwhile.
/// Cheap to copy; immutable.
class SharedRange {
 public:
  /// InvalidArgument: the place has no size, or reaches past the region.
  static Result<SharedRange> Within(std::shared_ptr<const SharedRegion> region,
                                    const SharedPlace& place);

  std::string_view region() const { return region_->facts().name; }
  std::uint64_t offset() const { return offset_; }
  std::uint64_t byte_size() const { return byte_size_; }

  /// All of it. Precondition: bytes.size() == byte_size(). As SharedRegion::Read().
  Status Read(std::span<std::byte> bytes) const { return region_->Read(offset_, bytes); }
  /// From its beginning on. Precondition: bytes.size() <= byte_size(). As SharedRegion::Write().
  Status Write(std::span<const std::byte> bytes) const { return region_->Write(offset_, bytes); }

 private:
  SharedRange(std::shared_ptr<const SharedRegion> region, std::uint64_t offset,
              std::uint64_t byte_size)
      : region_(std::move(region)), offset_(offset), byte_size_(byte_size) {}

  std::shared_ptr<const SharedRegion> region_;
  std::uint64_t offset_;
  std::uint64_t byte_size_;
};

}  // namespace slipway::serve
