#pragma once

#include "base/status.h"
#include "graph/graph.h"
#include "tensor/signature.h"

namespace slipway::import {

/// Inputs and outputs of the graph by their own names. An initializer that is also an input is a
/// default value, not an input. Unimplemented (kUnsupportedLayers): inputs or outputs that are no
/// tensors of servable types, or whose rank nobody knows, all of them at once.
Result<Signature> SignatureOf(const graph::Graph& graph);

}  // namespace slipway::import
