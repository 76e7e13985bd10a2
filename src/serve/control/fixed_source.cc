#include "serve/control/fixed_source.h"

#include <fmt/format.h>

#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::serve {

FixedSource::FixedSource(std::vector<ModelPackage> packages) {
  for (ModelPackage& package : packages) {
    auto& versions = packages_[package.name];
    versions.insert_or_assign(package.version, std::move(package));
  }
}

Result<std::vector<ModelSource::Available>> FixedSource::List() const {
  std::vector<Available> models;
  for (const auto& [name, versions] : packages_) {
    models.push_back({.name = name});
    for (const auto& [version, package] : versions) models.back().versions.push_back(version);
  }
  return models;
}

Result<std::vector<std::int64_t>> FixedSource::Versions(const std::string& name) const {
  const auto found = packages_.find(name);
  if (found == packages_.end()) return UnknownModel(name, *this);
  std::vector<std::int64_t> versions;
  for (const auto& [version, package] : found->second) versions.push_back(version);
  return versions;
}

Result<std::int64_t> FixedSource::VersionOfAlias(const std::string& name,
                                                 const std::string& alias) const {
  if (!packages_.contains(name)) return UnknownModel(name, *this);
  return NotFound(fmt::format("model \"{}\" has no alias \"{}\": it is served from a file", name,
                              Printable(alias, 64)))
      .With(errors::kModelNotFound);
}

Result<ModelPackage> FixedSource::Resolve(const std::string& name, std::int64_t version) const {
  const auto found = packages_.find(name);
  if (found == packages_.end()) return UnknownModel(name, *this);
  const auto package = found->second.find(version);
  if (package == found->second.end()) {
    return NotFound(fmt::format("model \"{}\" has no version {}", name, version))
        .With(errors::kModelNotFound);
  }
  return package->second;
}

}  // namespace slipway::serve
