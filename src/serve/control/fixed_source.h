#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "serve/control/model_source.h"

namespace slipway::serve {

/// The packages that a command line prepared from files, and behind them another source for every
/// other name (the registry; may be null). Immutable.
class FixedSource final : public ModelSource {
 public:
  explicit FixedSource(std::vector<ModelPackage> packages,
                       std::unique_ptr<const ModelSource> otherwise = nullptr);

  Result<std::vector<Available>> List() const override;
  Result<std::vector<std::int64_t>> Versions(const std::string& name) const override;
  Result<std::int64_t> VersionOfAlias(const std::string& name,
                                      const std::string& alias) const override;
  Result<ModelPackage> Resolve(const std::string& name, std::int64_t version) const override;

 private:
  Status Unknown(const std::string& name) const;

  std::map<std::string, std::map<std::int64_t, ModelPackage>> packages_;
  std::unique_ptr<const ModelSource> otherwise_;
};

}  // namespace slipway::serve
