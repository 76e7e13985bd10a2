#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "jobs/import_model.h"
#include "registry/registry.h"

namespace slipway::jobs {

struct PublishOptions {
  std::map<std::string, std::vector<std::string>> labels;  ///< output name -> class names
  std::map<std::string, std::string> annotations;          ///< beside those of the import
};

/// Publishes an imported model as the next version of `name`: its files go to the store first, then
/// the catalogue names them (law 7), so a kill at any moment leaves the old state or the new one.
/// InvalidArgument: a name outside the pattern, labels for an output that does not exist or of
/// another length than its last dimension. Else as Registry::Publish.
Result<registry::ModelVersion> PublishModel(registry::Registry& registry,
                                            const ImportedModel& imported, const std::string& name,
                                            const PublishOptions& options = {});

}  // namespace slipway::jobs
