#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "repository/triton_config.h"

/// Anybody's config.pbtxt: refused, or read to settings that have every field in bounds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto settings = slipway::repository::ParseTritonConfig(text);
  if (!settings.ok()) return 0;
  if (settings->max_batch_size < 0 || settings->policy.count < 1) std::abort();
  const std::int64_t versions[] = {1, 2, 9};
  if (SelectVersions(settings->policy, versions).versions.size() > 3) std::abort();
  return 0;
}
