#include "serve/shared_memory/shared_range.h"

#include <fmt/format.h>

#include "base/checked.h"
#include "base/error_catalogue.h"

namespace slipway::serve {

Result<SharedRange> SharedRange::Within(std::shared_ptr<const SharedRegion> region,
                                        const SharedPlace& place) {
  if (!place.byte_size) {
    return InvalidArgument(fmt::format("{} is missing beside {}", kSharedSizeKey, kSharedRegionKey))
        .With(errors::kRequestFieldInvalid);
  }
  const RegionFacts& facts = region->facts();
  const std::optional<std::uint64_t> end = CheckedAdd(place.offset, *place.byte_size);
  if (!end || *end > facts.byte_size) {
    return InvalidArgument(fmt::format("{} bytes from byte {} on reach past the end of region "
                                       "\"{}\", which has {} bytes",
                                       *place.byte_size, place.offset, facts.name, facts.byte_size))
        .With(errors::kRequestFieldInvalid);
  }
  return SharedRange(std::move(region), place.offset, *place.byte_size);
}

}  // namespace slipway::serve
