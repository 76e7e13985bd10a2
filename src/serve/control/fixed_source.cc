#include "serve/control/fixed_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"

namespace slipway::serve {

FixedSource::FixedSource(std::vector<ModelPackage> packages,
                         std::unique_ptr<const ModelSource> otherwise)
    : otherwise_(std::move(otherwise)) {
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
  if (otherwise_ == nullptr) return models;
  SLIPWAY_TRY(std::vector<Available> more, otherwise_->List());
  for (Available& model : more) {
    if (!packages_.contains(model.name)) models.push_back(std::move(model));
  }
  std::ranges::sort(models, {}, &Available::name);
  return models;
}

Result<std::vector<std::int64_t>> FixedSource::Versions(const std::string& name) const {
  const auto found = packages_.find(name);
  if (found == packages_.end()) {
    if (otherwise_ != nullptr) return otherwise_->Versions(name);
    return Unknown(name);
  }
  std::vector<std::int64_t> versions;
  for (const auto& [version, package] : found->second) versions.push_back(version);
  return versions;
}

Result<std::int64_t> FixedSource::VersionOfAlias(const std::string& name,
                                                 const std::string& alias) const {
  if (!packages_.contains(name) && otherwise_ != nullptr)
    return otherwise_->VersionOfAlias(name, alias);
  return NotFound(fmt::format("model \"{}\" has no alias \"{}\": it is served from a file", name,
                              Printable(alias, 64)))
      .With(errors::kModelNotFound);
}

Result<ModelPackage> FixedSource::Resolve(const std::string& name, std::int64_t version) const {
  const auto found = packages_.find(name);
  if (found == packages_.end()) {
    if (otherwise_ != nullptr) return otherwise_->Resolve(name, version);
    return Unknown(name);
  }
  const auto package = found->second.find(version);
  if (package == found->second.end()) {
    return NotFound(fmt::format("model \"{}\" has no version {}", name, version))
        .With(errors::kModelNotFound);
  }
  return package->second;
}

Status FixedSource::Unknown(const std::string& name) const {
  Status unknown = NotFound(fmt::format("there is no model \"{}\"", Printable(name, 64)))
                       .With(errors::kModelNotFound);
  std::vector<std::string> names;
  for (const auto& [known, versions] : packages_) names.push_back(known);
  if (const auto near = DidYouMean(name, names)) {
    return std::move(unknown).Hint(fmt::format("did you mean \"{}\"?", *near));
  }
  return unknown;
}

}  // namespace slipway::serve
