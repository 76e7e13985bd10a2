#include "serve/control/load_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error_catalogue.h"

namespace slipway::serve {

Result<std::vector<std::int64_t>> ChooseVersions(const VersionChoice& choice,
                                                 std::span<const std::int64_t> available) {
  if (choice.kind == VersionChoice::Kind::kSpecific) {
    for (const std::int64_t version : choice.versions) {
      if (std::ranges::find(available, version) == available.end()) {
        return NotFound(fmt::format("there is no version {}", version))
            .With(errors::kModelNotFound);
      }
    }
    return choice.versions;
  }
  std::size_t count = available.size();
  if (choice.kind == VersionChoice::Kind::kLatest)
    count = std::min(count, static_cast<std::size_t>(choice.count));
  const auto chosen = available.last(count);
  return std::vector<std::int64_t>(chosen.begin(), chosen.end());
}

}  // namespace slipway::serve
