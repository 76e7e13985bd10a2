#pragma once

#include <cstdint>

#include "base/status.h"
#include "base/wire_writer.h"
#include "graph/graph.h"
#include "graph/onnx_file.h"

namespace slipway::graph {

/// Where large tensors go while a model is encoded: into the message, or to a sink.
struct EncodeTarget {
  WeightSink* sink = nullptr;   ///< nullptr: everything stands in the message
  std::uint64_t threshold = 0;  ///< tensors of at least so many bytes go to the sink
  bool keep_external = false;   ///< external tensors are written as they are, not refused
};

/// A model as an ONNX message that borrows the tensors' bytes from the model. FailedPrecondition:
/// an external tensor whose bytes are not there. Part of onnx_file.h, for this room and graph/onnx.
Result<WireWriter> EncodeMessage(const Model& model, const EncodeTarget& target);

}  // namespace slipway::graph
