#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "repository/batching_parameters.h"

/// Anybody's batching file: refused, or said again as JSON that has a batch size.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parameters = slipway::repository::ParseBatchingParameters(text);
  if (!parameters.ok()) return 0;
  const auto config = slipway::ParseJson(parameters->config_json);
  if (!config.ok() || (*config)["max_batch_size"].get<std::int64_t>() < 1) std::abort();
  return 0;
}
