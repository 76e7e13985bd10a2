#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "registry/registry.h"

/// A reference from a command line or a URL: refused, or only what it may name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto reference = slipway::registry::ParseReference(text);
  if (!reference.ok()) return 0;
  if (!slipway::IsModelName(reference->model)) std::abort();
  if (!reference->alias.empty() && !slipway::IsModelName(reference->alias)) std::abort();
  if (reference->version && *reference->version < 1) std::abort();
  const int ways = (reference->version ? 1 : 0) + (reference->alias.empty() ? 0 : 1) +
                   (reference->package ? 1 : 0);
  if (ways > 1) std::abort();
  return 0;
}
