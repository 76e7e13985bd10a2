#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"

/// A document is refused, or equal to what its own text parses to.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto document =
      slipway::ParseJson({reinterpret_cast<const char*>(data), size}, {.max_depth = 32});
  if (!document.ok()) return 0;
  const auto again = slipway::ParseJson(slipway::DumpJson(*document), {.max_depth = 32});
  if (!again.ok() || *again != *document) std::abort();
  return 0;
}
