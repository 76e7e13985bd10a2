#pragma once

#include <map>
#include <string>
#include <vector>

#include "serve/control/model_source.h"

namespace slipway::serve {

/// The packages that a command line prepared from files. Immutable.
class FixedSource final : public ModelSource {
 public:
  explicit FixedSource(std::vector<ModelPackage> packages);

  Result<std::vector<Available>> List() const override;
  Result<std::vector<std::int64_t>> Versions(const std::string& name) const override;
  Result<std::int64_t> VersionOfAlias(const std::string& name,
                                      const std::string& alias) const override;
  Result<ModelPackage> Resolve(const std::string& name, std::int64_t version) const override;

 private:
  std::map<std::string, std::map<std::int64_t, ModelPackage>> packages_;
};

}  // namespace slipway::serve
