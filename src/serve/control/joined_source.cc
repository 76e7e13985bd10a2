#include "serve/control/joined_source.h"

#include <algorithm>
#include <map>
#include <utility>

namespace slipway::serve {

Result<std::vector<ModelSource::Available>> JoinedSource::List() const {
  std::map<std::string, Available> models;
  for (const auto& source : sources_) {
    SLIPWAY_TRY(std::vector<Available> more, source->List());
    for (Available& model : more) {
      const std::string name = model.name;
      models.try_emplace(name, std::move(model));
    }
  }
  std::vector<Available> list;
  for (auto& [name, model] : models) list.push_back(std::move(model));
  return list;
}

Result<std::vector<std::int64_t>> JoinedSource::Versions(const std::string& name) const {
  SLIPWAY_TRY(const ModelSource* source, SourceOf(name));
  return source->Versions(name);
}

Result<std::vector<std::int64_t>> JoinedSource::Wanted(const std::string& name) const {
  SLIPWAY_TRY(const ModelSource* source, SourceOf(name));
  return source->Wanted(name);
}

Result<std::int64_t> JoinedSource::VersionOfAlias(const std::string& name,
                                                  const std::string& alias) const {
  SLIPWAY_TRY(const ModelSource* source, SourceOf(name));
  return source->VersionOfAlias(name, alias);
}

Result<ModelPackage> JoinedSource::Resolve(const std::string& name, std::int64_t version) const {
  SLIPWAY_TRY(const ModelSource* source, SourceOf(name));
  return source->Resolve(name, version);
}

Result<const ModelSource*> JoinedSource::SourceOf(const std::string& name) const {
  for (const auto& source : sources_) {
    const Result<std::vector<std::int64_t>> versions = source->Versions(name);
    if (versions.ok()) return source.get();
    if (versions.status().code() != Code::kNotFound) return versions.status();
  }
  return UnknownModel(name, *this);
}

}  // namespace slipway::serve
