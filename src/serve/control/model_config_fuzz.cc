#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "serve/control/model_config_json.h"

/// A model's configuration: read or refused, and what was read is written and read as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = slipway::serve::ParseModelConfig(text);
  if (!config.ok()) return 0;
  slipway::OrderedJson document = slipway::OrderedJson::object();
  slipway::serve::AppendConfig(*config, document);
  const auto again = slipway::serve::ParseModelConfig(slipway::DumpJson(document));
  if (!again.ok() || *again != *config) std::abort();
  return 0;
}
