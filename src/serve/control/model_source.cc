#include "serve/control/model_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::serve {

Result<std::vector<std::int64_t>> ModelSource::Wanted(const std::string& name) const {
  SLIPWAY_TRY(std::vector<std::int64_t> versions, Versions(name));
  if (versions.size() > 1) versions.erase(versions.begin(), versions.end() - 1);
  return versions;
}

Status UnknownModel(const std::string& name, const ModelSource& source) {
  Status unknown = NotFound(fmt::format("there is no model \"{}\"", Printable(name, 64)))
                       .With(errors::kModelNotFound);
  const Result<std::vector<ModelSource::Available>> models = source.List();
  if (!models.ok()) return unknown;
  std::vector<std::string> names;
  for (const ModelSource::Available& model : *models) names.push_back(model.name);
  const auto near = DidYouMean(name, names);
  return near ? std::move(unknown).Hint(fmt::format("did you mean \"{}\"?", *near)) : unknown;
}

}  // namespace slipway::serve
