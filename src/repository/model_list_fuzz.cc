#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/text.h"
#include "repository/model_list.h"

/// Anybody's models.config or config.json: refused, or a list of names that models may have.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto list = slipway::repository::ParseModelList(text);
  if (!list.ok()) return 0;
  for (const auto& model : list->models) {
    if (!slipway::IsModelName(model.settings.name) || model.base_path.empty()) std::abort();
    if (model.settings.policy.count < 1) std::abort();
  }
  return 0;
}
