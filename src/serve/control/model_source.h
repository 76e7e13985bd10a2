#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/model/model_set.h"

namespace slipway::serve {

/// Where a server finds models that it has not loaded yet: a registry, or the files that a command
/// line prepared. Thread-safe. Calls read disks and verify digests: never on an event-loop thread.
class ModelSource {
 public:
  struct Available {
    std::string name;
    std::vector<std::int64_t> versions;  ///< ascending, never empty
  };

  virtual ~ModelSource() = default;

  /// Every model that Resolve() knows, by name.
  virtual Result<std::vector<Available>> List() const = 0;
  /// The versions of one model, ascending. NotFound (kModelNotFound, with near names).
  virtual Result<std::vector<std::int64_t>> Versions(const std::string& name) const = 0;
  /// The version that an alias of the model names. NotFound.
  virtual Result<std::int64_t> VersionOfAlias(const std::string& name,
                                              const std::string& alias) const = 0;
  /// What to load: verified and complete. NotFound; DataLoss (kDigestMismatch, kInvalidPackage).
  virtual Result<ModelPackage> Resolve(const std::string& name, std::int64_t version) const = 0;
};

}  // namespace slipway::serve
