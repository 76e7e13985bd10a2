#pragma once

#include <string>
#include <utility>
#include <vector>

#include "serve/control/model_source.h"

namespace slipway::serve {

/// A source whose packages have a configuration where they bring none: the one that is given here,
/// if it fits the model (CheckConfig). Ensembles stay without: their models have one.
class ConfiguredSource final : public ModelSource {
 public:
  /// `source` outlives this.
  ConfiguredSource(const ModelSource& source, ModelConfig config)
      : source_(source), config_(std::move(config)) {}

  Result<std::vector<Available>> List() const override { return source_.List(); }
  Result<std::vector<std::int64_t>> Versions(const std::string& name) const override {
    return source_.Versions(name);
  }
  Result<std::vector<std::int64_t>> Wanted(const std::string& name) const override {
    return source_.Wanted(name);
  }
  Result<std::int64_t> VersionOfAlias(const std::string& name,
                                      const std::string& alias) const override {
    return source_.VersionOfAlias(name, alias);
  }
  Result<ModelPackage> Resolve(const std::string& name, std::int64_t version) const override;

 private:
  const ModelSource& source_;
  const ModelConfig config_;
};

}  // namespace slipway::serve
