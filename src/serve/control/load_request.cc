#include "serve/control/load_request.h"

#include <fmt/format.h>

#include <utility>

#include "base/error_catalogue.h"

namespace slipway::serve {

Result<std::vector<std::int64_t>> ChooseVersions(const VersionChoice& choice,
                                                 std::span<const std::int64_t> available) {
  repository::SelectedVersions selected = repository::SelectVersions(choice, available);
  if (selected.missing.empty()) return std::move(selected.versions);
  return NotFound(fmt::format("there is no version {}", selected.missing.front()))
      .With(errors::kModelNotFound);
}

}  // namespace slipway::serve
