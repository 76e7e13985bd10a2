#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "graph/verify.h"

namespace slipway::graph {

/// What ONNX's own library knows, behind our types: schemas, type and shape inference, conversion
/// between versions. Its exceptions end here. Tensors of a kilobyte and more are not shown to it,
/// so a call costs memory for the structure only (ConvertOpset() excepted). Registers the schemas
/// at the first call (about 15 ms). Thread-safe. Call Verify() first: this library trusts ids and
/// nesting.

/// The newest version of the default domain's operators that is known, and of the file format.
std::int64_t NewestOpset();
std::int64_t NewestIrVersion();

/// Checks every node against its operator's schema: attributes, their types, numbers of inputs and
/// outputs. Operators of domains without schemas (com.microsoft, a model's own) pass. Empty:
/// nothing is wrong.
std::vector<Finding> CheckModel(const Model& model, std::size_t max_findings = 100);

/// Infers types and shapes as far as they follow from the inputs, and puts them into the values of
/// unknown type or rank, in sub-graphs too. What is declared stays, even where an operator says
/// otherwise: an engine knows better. InvalidArgument (kInvalidGraph): the library gave up.
Status InferTypes(Model& model);

/// The model with its default domain's operators in another version. Everything else stays.
/// Unimplemented: the versions are too far apart for the library, or the model holds functions or
/// sparse constants. FailedPrecondition: a tensor's bytes are not there. Costs three times the
/// tensors' memory.
Result<Model> ConvertOpset(const Model& model, std::int64_t version);

}  // namespace slipway::graph
