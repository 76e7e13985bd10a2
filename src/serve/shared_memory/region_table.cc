#include "serve/shared_memory/region_table.h"

#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "base/text.h"

namespace slipway::serve {
namespace {

constexpr std::size_t kShownBytes = 64;

}  // namespace

Status RegionTable::Register(RegionFacts facts) {
  SLIPWAY_TRY(std::shared_ptr<const SharedRegion> region,
              SharedRegion::Open(folder_, std::move(facts)));
  const RegionFacts& opened = region->facts();
  const std::lock_guard lock(mutex_);
  SLIPWAY_RETURN_IF_ERROR(CheckRoom(opened));
  bytes_ += opened.byte_size;
  regions_.emplace(opened.name, std::move(region));
  return {};
}

Status RegionTable::CheckRoom(const RegionFacts& facts) const {
  if (regions_.contains(facts.name)) {
    return AlreadyExists(fmt::format("there is a region \"{}\" already", facts.name))
        .Hint("unregister it first");
  }
  if (regions_.size() >= limits_.max_regions) {
    return ResourceExhausted(
               fmt::format("{} regions are registered, and that is the most", regions_.size()))
        .Hint("unregister those that are not used any more");
  }
  if (facts.byte_size > limits_.max_bytes - bytes_) {
    return ResourceExhausted(
               fmt::format("{} of shared memory are registered, and {} is the most, this region of "
                           "{} included",
                           HumanBytes(bytes_), HumanBytes(limits_.max_bytes),
                           HumanBytes(facts.byte_size)))
        .Hint("unregister what is not used any more, or serve with a larger --max-shared-memory");
  }
  return {};
}

void RegionTable::Unregister(std::string_view name) {
  std::shared_ptr<const SharedRegion> last;  // closed after the lock is given back
  const std::lock_guard lock(mutex_);
  const auto found = regions_.find(name);
  if (found == regions_.end()) return;
  bytes_ -= found->second->facts().byte_size;
  last = std::move(found->second);
  regions_.erase(found);
}

void RegionTable::UnregisterAll() {
  decltype(regions_) last;
  const std::lock_guard lock(mutex_);
  std::swap(last, regions_);
  bytes_ = 0;
}

std::vector<RegionFacts> RegionTable::Regions() const {
  const std::lock_guard lock(mutex_);
  std::vector<RegionFacts> regions;
  regions.reserve(regions_.size());
  for (const auto& [name, region] : regions_) regions.push_back(region->facts());
  return regions;
}

Result<RegionFacts> RegionTable::Facts(std::string_view name) const {
  SLIPWAY_TRY(const std::shared_ptr<const SharedRegion> region, Region(name));
  return region->facts();
}

Result<SharedRange> RegionTable::Find(const SharedPlace& place) const {
  SLIPWAY_TRY(std::shared_ptr<const SharedRegion> region, Region(place.region));
  return SharedRange::Within(std::move(region), place);
}

Result<std::shared_ptr<const SharedRegion>> RegionTable::Region(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = regions_.find(name);
  if (found != regions_.end()) return found->second;
  return NotFound(fmt::format("there is no region \"{}\" of shared memory",
                              Printable(name, kShownBytes)))
      .Hint("register it first");
}

}  // namespace slipway::serve
