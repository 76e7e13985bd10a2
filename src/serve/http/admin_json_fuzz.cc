#include <cstddef>
#include <cstdint>
#include <string_view>

#include "serve/http/admin_codec.h"

/// Bodies of the repository routes: read or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  (void)slipway::serve::ParseLoadRequest(body);
  (void)slipway::serve::CheckUnloadRequest(body);
  (void)slipway::serve::ParseIndexRequest(body);
  return 0;
}
