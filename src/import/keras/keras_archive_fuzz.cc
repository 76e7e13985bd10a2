#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "import/keras/keras_archive.h"

/// Any zip: read or refused, within its limit of inflation.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace keras = slipway::import::keras;
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  constexpr keras::ArchiveLimits kLimits{.max_members = 100, .free_inflated_bytes = 1 << 20};
  (void)keras::IsKerasArchive(bytes);
  const auto archive = keras::ReadKerasArchive(bytes, nullptr, kLimits);
  if (archive.ok() && archive->config.size() > (1 << 20) + 100 * size) std::abort();
  return 0;
}
