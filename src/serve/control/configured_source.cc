#include "serve/control/configured_source.h"

#include "serve/control/model_config_json.h"

namespace slipway::serve {
namespace {

bool HasOwnConfig(const ModelPackage& package) {
  return package.config != ModelConfig() ||
         package.manifest.annotations.contains(std::string(kConfigAnnotation));
}

}  // namespace

Result<ModelPackage> ConfiguredSource::Resolve(const std::string& name,
                                               std::int64_t version) const {
  SLIPWAY_TRY(ModelPackage package, source_.Resolve(name, version));
  if (HasOwnConfig(package) || package.manifest.ensemble) return package;
  if (CheckConfig(config_, package.manifest.signature).ok()) package.config = config_;
  return package;
}

}  // namespace slipway::serve
