#pragma once

#include <string>

#include "base/status.h"
#include "graph/graph.h"
#include "jobs/source_file.h"

namespace slipway::jobs {

/// Copies the bytes of every tensor that lies in a file of its own (anywhere but at
/// `weights_location`) to the weights, and points the tensor there. Each file is opened beneath the
/// source's folder, without following links, and must be a regular file with one name; streams, so
/// memory does not grow with the data. PermissionDenied (kForbiddenContent): a location that leaves
/// the folder, a link, a device. DataLoss (kCorruptModelFile): a file that is missing or too short.
Status CopyExternalData(graph::Model& model, const std::string& weights_location,
                        const SourceFile& source, int weights_descriptor);

}  // namespace slipway::jobs
