#include <cstddef>
#include <cstdint>
#include <string_view>

#include "serve/http/admin_codec.h"
#include "serve/http/shared_memory_codec.h"

/// Bodies of the routes that administer: read or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  (void)slipway::serve::ParseLoadRequest(body);
  (void)slipway::serve::ParseUnloadRequest(body);
  (void)slipway::serve::ParseIndexRequest(body);
  (void)slipway::serve::ParseRegisterRequest("region", body);
  return 0;
}
