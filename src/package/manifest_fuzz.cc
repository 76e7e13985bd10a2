#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "package/manifest.h"

/// A package of anybody's: its manifest is refused, or reads the same after being written again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto manifest = slipway::package::DecodeManifest(text);
  if (!manifest.ok()) return 0;
  const std::string written = slipway::package::EncodeManifest(*manifest);
  const auto again = slipway::package::DecodeManifest(written);
  if (!again.ok() || *again != *manifest) std::abort();
  if (slipway::package::EncodeManifest(*again) != written) std::abort();
  return 0;
}
