#pragma once

#include <memory>
#include <string>
#include <vector>

#include "registry/registry.h"
#include "serve/control/model_source.h"

namespace slipway::serve {

/// The models that are published in a registry, which outlives this.
class RegistrySource final : public ModelSource {
 public:
  explicit RegistrySource(registry::Registry& registry) : registry_(registry) {}

  Result<std::vector<Available>> List() const override;
  Result<std::vector<std::int64_t>> Versions(const std::string& name) const override;
  Result<std::int64_t> VersionOfAlias(const std::string& name,
                                      const std::string& alias) const override;
  Result<ModelPackage> Resolve(const std::string& name, std::int64_t version) const override;

 private:
  registry::Registry& registry_;
};

}  // namespace slipway::serve
