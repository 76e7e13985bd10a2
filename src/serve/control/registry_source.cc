#include "serve/control/registry_source.h"

#include <utility>

#include "serve/control/model_config_json.h"

namespace slipway::serve {

Result<std::vector<ModelSource::Available>> RegistrySource::List() const {
  SLIPWAY_TRY(const std::vector<registry::ModelVersion> published, registry_.List());
  std::vector<Available> models;
  for (const registry::ModelVersion& version : published) {  // by model, then version
    if (models.empty() || models.back().name != version.model)
      models.push_back({.name = version.model});
    models.back().versions.push_back(version.version);
  }
  return models;
}

Result<std::vector<std::int64_t>> RegistrySource::Versions(const std::string& name) const {
  // Resolving first gives the registry's own answer for an unknown name, near names included.
  SLIPWAY_TRY(const registry::ModelVersion newest, registry_.Resolve({.model = name}));
  SLIPWAY_TRY(const std::vector<registry::ModelVersion> published,
              registry_.ListVersions(newest.model));
  std::vector<std::int64_t> versions;
  for (const registry::ModelVersion& version : published) versions.push_back(version.version);
  return versions;
}

Result<std::int64_t> RegistrySource::VersionOfAlias(const std::string& name,
                                                    const std::string& alias) const {
  SLIPWAY_TRY(const registry::ModelVersion version,
              registry_.Resolve({.model = name, .alias = alias}));
  return version.version;
}

Result<ModelPackage> RegistrySource::Resolve(const std::string& name, std::int64_t version) const {
  SLIPWAY_TRY(const registry::ModelVersion published,
              registry_.Resolve({.model = name, .version = version}));
  const package::BlobStore& store = registry_.blobs();
  SLIPWAY_TRY(package::Package package, package::ReadPackage(store, published.package));
  SLIPWAY_TRY(ModelConfig config, ConfigOf(package.manifest));
  return ModelPackage{
      .name = published.model,
      .version = published.version,
      .graph_path = package.graph_path,
      .manifest = package.manifest,
      .digest = package.digest.ToString(),
      .config = std::move(config),
      .verify = [store, package] { return package::VerifyPackage(store, package); }};
}

}  // namespace slipway::serve
