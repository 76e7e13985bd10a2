#pragma once

#include "jobs/import_model.h"
#include "package/store.h"

namespace slipway::jobs {

/// The imported model as a package that can be loaded from its work folder without being published;
/// it lives as long as the folder. Costs nothing but the manifest's digest.
package::Package UnpublishedPackage(const ImportedModel& imported);

}  // namespace slipway::jobs
