#pragma once

#include "base/status.h"
#include "graph/graph.h"

namespace slipway::import {

/// Everything in the model that cannot be imported, all of it at once: Unimplemented
/// (kUnsupportedLayers), PermissionDenied (kForbiddenContent) for operators that run code or open
/// files outside of the model, InvalidArgument (kInvalidGraph) for what breaks ONNX's own rules.
Status CheckImportable(const graph::Model& model);

}  // namespace slipway::import
