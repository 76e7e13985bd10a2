#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/model/model_set.h"

namespace slipway::serve {

/// Where a server finds models that it has not loaded yet: a registry, or the files that a command
/// line prepared. Thread-safe. Calls read disks: never on an event-loop thread.
class ModelSource {
 public:
  struct Available {
    std::string name;
    std::vector<std::int64_t> versions;           ///< ascending; empty with a reason only
    std::map<std::int64_t, std::string> reasons;  ///< why a version cannot be loaded
    std::string reason;                           ///< why none can
  };

  virtual ~ModelSource() = default;

  /// Every model that is there, by name, those that Resolve() refuses included.
  virtual Result<std::vector<Available>> List() const = 0;
  /// The versions of one model, ascending. NotFound (kModelNotFound, with near names).
  virtual Result<std::vector<std::int64_t>> Versions(const std::string& name) const = 0;
  /// The versions that the model's configuration wants loaded, ascending: the latest where there is
  /// none. NotFound; FailedPrecondition: none can be, with the reason.
  virtual Result<std::vector<std::int64_t>> Wanted(const std::string& name) const;
  /// The version that an alias of the model names. NotFound.
  virtual Result<std::int64_t> VersionOfAlias(const std::string& name,
                                              const std::string& alias) const = 0;
  /// What to load; its files are verified by whoever reads them (ModelPackage::verify). NotFound;
  /// DataLoss (kDigestMismatch, kInvalidPackage).
  virtual Result<ModelPackage> Resolve(const std::string& name, std::int64_t version) const = 0;
};

/// NotFound (kModelNotFound) with a near name of what the source has.
Status UnknownModel(const std::string& name, const ModelSource& source);

}  // namespace slipway::serve
