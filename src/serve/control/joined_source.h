#pragma once

#include <memory>
#include <string>
#include <vector>

#include "serve/control/model_source.h"

namespace slipway::serve {

/// Several sources as one: a name is that of the first source that knows it.
class JoinedSource final : public ModelSource {
 public:
  explicit JoinedSource(std::vector<std::unique_ptr<const ModelSource>> sources)
      : sources_(std::move(sources)) {}

  Result<std::vector<Available>> List() const override;
  Result<std::vector<std::int64_t>> Versions(const std::string& name) const override;
  Result<std::vector<std::int64_t>> Wanted(const std::string& name) const override;
  Result<std::int64_t> VersionOfAlias(const std::string& name,
                                      const std::string& alias) const override;
  Result<ModelPackage> Resolve(const std::string& name, std::int64_t version) const override;

 private:
  /// The source that knows the name; NotFound. An error of a source that cannot tell is the answer.
  Result<const ModelSource*> SourceOf(const std::string& name) const;

  const std::vector<std::unique_ptr<const ModelSource>> sources_;
};

}  // namespace slipway::serve
