#pragma once

#include <string>

#include "base/status.h"
#include "jobs/import_model.h"

namespace slipway::jobs {

/// Writes the model as one ONNX file that stands alone, weights inside; above the format's 2 GiB
/// the weights go to `<path>.data`. Whole or not at all; streams the weights.
Status ExportOnnx(const ImportedModel& imported, const std::string& path);

}  // namespace slipway::jobs
