#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "serve/model/kept_profiles.h"

/// Any file in the folder of profiles: refused, or a profile that keeps its own rules.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using slipway::serve::KeptProfiles;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto profile = slipway::serve::DecodeProfile(text, "p", "m");
  if (!profile.ok()) return 0;
  const auto& points = profile->points();
  if (points.empty() || points.size() > KeptProfiles::kMostPoints || points.front().rows != 1)
    std::abort();
  for (const auto& point : points) {
    if (point.time.count() <= 0 || profile->TimeOf(point.rows) != point.time) std::abort();
  }
  const auto again =
      slipway::serve::DecodeProfile(slipway::serve::EncodeProfile("p", "m", *profile), "p", "m");
  if (!again.ok() || again->points().size() != points.size()) std::abort();
  return 0;
}
